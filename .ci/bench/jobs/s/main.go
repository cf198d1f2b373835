// S sorts the store: whole records go through the shuffle, by id.
package main

import (
	"iter"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

func main() {
	mapreduce.Serve(mapreduce.Job[string, []byte]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
			out.Emit(string(rec.Key), rec.Value)
			return nil
		},
		Reduce: func(id string, values iter.Seq[[]byte], rows *mapreduce.Rows) error {
			for value := range values {
				rows.Add(id, value)
			}
			return nil
		},
		Columns: []string{"id", "ping"},
	})
}
