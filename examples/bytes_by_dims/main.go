// Bytes_by_dims adds up the bytes of the records of each partition, without their ids: what each part of a store costs before
// it is compressed.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit(rec.Dims.String(), len(rec.Value))
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"partition", "bytes"},
}

func main() { mapreduce.Serve(job) }
