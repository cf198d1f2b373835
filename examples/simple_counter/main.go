// Simple_counter counts the records of each id: an id with more than one was sent more than once.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit(string(rec.Key), 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
}

func main() { mapreduce.Serve(job) }
