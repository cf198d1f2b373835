// B adds up every histogram by channel, version, measure, operating system and date: a hundred pairs a record, hundreds of
// thousands of keys.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

type key struct{ Channel, Version, Measure, OS, Date string }

func main() {
	mapreduce.Serve(mapreduce.Job[key, histogram.Array]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[key, histogram.Array]) error {
			os, ok := rec.Get("info", "OS").Str()
			if !ok {
				out.Skip("no info.OS")
				return nil
			}
			k := key{
				Channel: rec.Dims.Get("appUpdateChannel"),
				Version: rec.Dims.Get("appVersion"),
				OS:      os,
				Date:    rec.Dims.Get("submission_date"),
			}
			for measure, array := range histogram.All(rec.Get("histograms")) {
				k.Measure = measure
				out.Emit(k, array)
			}
			return nil
		},
		Combine: histogram.Add,
		Columns: []string{"channel", "version", "measure", "os", "date", "sums"},
	})
}
