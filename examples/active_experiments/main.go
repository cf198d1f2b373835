// Active_experiments lists the ids and channels of the records of browsers that take part in an experiment. It has a Map only:
// each pair is a row, in the order of the store.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, string]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, string]) error {
		if id, _ := rec.Get("info", "activeExperiment").Str(); id == "" {
			out.Skip("no experiment")
			return nil
		}
		out.Emit(string(rec.Key), rec.Dims.Get("appUpdateChannel"))
		return nil
	},
	Columns: []string{"id", "channel"},
}

func main() { mapreduce.Serve(job) }
