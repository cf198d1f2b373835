// Mainthreadio tells how long the main thread waits for files: by application, phase and file, in how many documents it did,
// the median of the milliseconds, and the median of the operations. Files of a hundred documents or less are left out. A TOTAL
// row of each phase has the number of documents that reported any file.
package main

import (
	"bytes"
	"iter"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Key is what is counted apart.
type Key struct {
	App, Phase, File string
}

// Wait is what a document reports of a file: the time in milliseconds, and how many operations took it.
type Wait struct {
	Ms, Operations float64
}

const fewest = 100

var phases = [...]string{"startup", "execution", "shutdown"}

var job = mapreduce.Job[Key, Wait]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, Wait]) error {
		if bytes.Contains(rec.Value, []byte(`"fileIOReports":null`)) { // most have none
			out.Skip("no reports")
			return nil
		}
		app := rec.Dims.Get("appName")
		var any [len(phases)]bool
		for file, reports := range rec.Get("fileIOReports").Members() {
			for i, phase := range phases {
				if w, ok := wait(reports.At(i)); ok {
					out.Emit(Key{app, phase, file}, w)
					any[i] = true
				}
			}
		}
		for i, phase := range phases {
			if any[i] {
				out.Emit(Key{app, phase, "TOTAL"}, Wait{})
			}
		}
		return nil
	},
	Reduce: func(k Key, waits iter.Seq[Wait], rows *mapreduce.Rows) error {
		var ms, operations []float64
		for w := range waits {
			ms, operations = append(ms, w.Ms), append(operations, w.Operations)
		}
		if len(ms) > fewest {
			rows.Add(k.App, k.Phase, k.File, len(ms), median(ms), median(operations))
		}
		return nil
	},
	Columns: []string{"app", "phase", "file", "documents", "median_ms", "median_operations"},
}

// wait reads [milliseconds, creates, reads, writes, syncs, stats]. Older browsers reported fewer operations: these are left out.
func wait(report storage.Value) (w Wait, ok bool) {
	n := 0
	for v := range report.Elements() {
		f, _ := v.Float()
		if n == 0 {
			w.Ms = f
		} else {
			w.Operations += f
		}
		n++
	}
	return w, n == 6
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

func main() { mapreduce.Serve(job) }
