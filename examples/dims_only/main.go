// Dims_only counts records by the day on which they came in. It reads no field, so records are not even looked at: even one
// that is no JSON counts.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit(rec.Dims.Get("submission_date"), 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"day", "records"},
}

func main() { mapreduce.Serve(job) }
