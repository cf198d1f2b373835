// Chromehangs lists the records that have stacks of a hang, or of writes that came too late, with the libraries to look up what
// they mean. A row is the id and the whole record.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, []byte]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
		if !hasLibraries(rec.Get("chromeHangs")) && !hasLibraries(rec.Get("lateWrites")) {
			out.Skip("no stacks")
			return nil
		}
		out.Emit(string(rec.Key), rec.Value)
		return nil
	},
	Columns: []string{"id", "record"},
}

func hasLibraries(stacks storage.Value) bool {
	for range stacks.Get("memoryMap").Elements() {
		return true
	}
	return false
}

func main() { mapreduce.Serve(job) }
