// Histogram_sums adds up every histogram, bucket by bucket, by channel, version and measure. A row has the number of
// histograms added and the sums: the buckets, then the five summary values.
package main

import (
	"iter"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// Key is what is counted apart.
type Key struct {
	Channel, Version, Measure string
}

var job = mapreduce.Job[Key, histogram.Array]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, histogram.Array]) error {
		channel, version := rec.Dims.Get("appUpdateChannel"), rec.Dims.Get("appVersion")
		for measure, h := range histogram.All(rec.Get("histograms")) {
			out.Emit(Key{channel, version, measure}, h)
		}
		return nil
	},
	Combine: histogram.Add,
	Reduce: func(k Key, sums iter.Seq[histogram.Array], rows *mapreduce.Rows) error {
		for sum := range sums {
			// A measure whose number of buckets was changed has a sum for each.
			for s := range sum.ByLength() {
				rows.Add(k.Channel, k.Version, k.Measure, s.N(), s)
			}
		}
		return nil
	},
	Columns: []string{"channel", "version", "measure", "n", "sums"},
}

func main() { mapreduce.Serve(job) }
