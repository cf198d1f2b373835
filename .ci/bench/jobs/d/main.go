// D exports the pings of one operating system as they are: no shuffle, much output.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

func main() {
	mapreduce.Serve(mapreduce.Job[string, []byte]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
			if os, _ := rec.Get("info", "OS").Str(); os != "Darwin" {
				out.Skip("another system")
				return nil
			}
			out.Emit(string(rec.Key), rec.Value)
			return nil
		},
		Columns: []string{"id", "ping"},
	})
}
