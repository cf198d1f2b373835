// Osdistribution counts pings by operating system.
//
//	mr run --data STORE --filter 'appName=Firefox' ./osdistribution
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
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
}

func main() { mapreduce.Serve(job) }
