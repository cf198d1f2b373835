// Trivial counts records by the first three characters of their ids, which spread evenly if ids are random.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit(string(rec.Key[:min(3, len(rec.Key))]), 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"prefix", "records"},
}

func main() { mapreduce.Serve(job) }
