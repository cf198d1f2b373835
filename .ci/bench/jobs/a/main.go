// A counts pings by operating system: one field of a record, a handful of keys.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

func main() {
	mapreduce.Serve(mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			os, ok := rec.Get("info", "OS").Str()
			if !ok {
				out.Skip("no info.OS")
				return nil
			}
			out.Emit(os, 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
		Columns: []string{"os", "pings"},
	})
}
