// M finds the exact median of what each bucket of each histogram holds, by version of the application: about a hundred
// thousand keys, thousands of pairs a record, and nothing that could be combined.
package main

import (
	"iter"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

type key struct {
	Measure string
	Bucket  int
	Version string
}

func main() {
	mapreduce.Serve(mapreduce.Job[key, int64]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[key, int64]) error {
			major, _, _ := strings.Cut(rec.Dims.Get("appVersion"), ".")
			for measure, array := range histogram.All(rec.Get("histograms")) {
				k := key{Measure: measure, Version: major}
				buckets := array.Buckets()
				for i, n := range array.Elements() {
					if i == buckets {
						break // the summary is next
					}
					k.Bucket = i
					out.Emit(k, int64(n))
				}
			}
			return nil
		},
		Reduce: func(k key, values iter.Seq[int64], rows *mapreduce.Rows) error {
			all := slices.Sorted(values)
			rows.Add(k.Measure, k.Bucket, k.Version, len(all), all[(len(all)-1)/2])
			return nil
		},
		Columns: []string{"measure", "bucket", "version", "pings", "median"},
	})
}
