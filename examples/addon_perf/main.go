// Addon_perf tells how long add-ons take to start and to be scanned, and which errors the add-on manager met. A row has an
// add-on, a measure, and how many records had a value in each bucket, as JSON. Buckets grow with the values: the lower bound
// of the next one is larger by 40 per cent for times, and by 22 for numbers of files.
package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Key is what is counted apart.
type Key struct {
	App, Addon, Measure string
}

// Buckets is a number of records by the lower bound of the bucket that their value is in.
type Buckets map[int64]int

var job = mapreduce.Job[Key, Buckets]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, Buckets]) error {
		app := rec.Dims.Get("appName")
		for id, details := range rec.Get("addonDetails", "XPI").Members() {
			for measure, v := range details.Members() {
				spread := 0.34
				if measure == "scan_items" {
					spread = 0.2
				} else if !strings.HasSuffix(measure, "_MS") {
					continue // a name, or where it is installed
				}
				if f, ok := v.Float(); ok && f >= 0 {
					out.Emit(Key{app, id, measure}, Buckets{bucket(f, spread): 1})
				}
			}
		}
		if e := rec.Get("simpleMeasurements", "addonManager", "exception"); e.Exists() {
			module, _ := e.Get("module").Str()
			message, _ := e.Get("message").Str()
			out.Emit(Key{app, "", fmt.Sprintf("exception in %q: %q", module, message)}, Buckets{0: 1})
		}
		return nil
	},
	Combine: func(acc *Buckets, v Buckets) {
		for low, n := range v {
			(*acc)[low] += n
		}
	},
	Columns: []string{"app", "addon", "measure", "buckets"},
}

// bucket is the lower bound of the bucket that f is in, which is e to a multiple of spread.
func bucket(f, spread float64) int64 {
	if f < 1 {
		return 0
	}
	return int64(math.Ceil(math.Exp(spread * math.Floor(math.Log(f)/spread))))
}

func main() { mapreduce.Serve(job) }
