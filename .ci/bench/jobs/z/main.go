// Z reads every record and does nothing with it: what is left is the engine's own cost.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

func main() {
	mapreduce.Serve(mapreduce.Job[string, int]{
		Map:     func(storage.Record, *mapreduce.Emitter[string, int]) error { return nil },
		Combine: mapreduce.Sum[int],
	})
}
