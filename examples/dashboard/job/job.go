// Package job adds up the histograms of pings for a dashboard.
//
// A row of the output is a cell: what all pings of one release, build day, submission day and leaf say of one measure. Days
// of submission are added up later, by package publish; a store keeps them apart, so that the job runs over one at a time.
//
//	release      channel/major version, nightly/27
//	measure      GC_MS, SIMPLE_MEASURES_FIRSTPAINT; empty for the pings themselves
//	build day    20131101
//	submission day
//	leaf         reason/appName/OS/osVersion/arch
//	missing      summary values that these pings leave out, bit 0 for sum
//	pings
//	sums         a JSON array: buckets, then the five summary values, null for those that are missing
//
// Cells that differ in what is missing, or in the number of buckets, are apart.
package job

import (
	"iter"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// A Key is what a cell is for.
type Key struct {
	Release, Measure, Built, Submitted, Leaf string

	Missing uint8
}

type emitter = mapreduce.Emitter[Key, histogram.Array]

// Job returns the job.
func Job() mapreduce.Job[Key, histogram.Array] {
	return mapreduce.Job[Key, histogram.Array]{
		Map:     mapPing,
		Combine: histogram.Add,
		Reduce:  reduceCell,
		Columns: []string{"release", "measure", "built", "submitted", "leaf", "missing", "pings", "sums"},
	}
}

// onePing is what a ping adds to the cell of pings.
var onePing = histogram.Of()

func mapPing(rec storage.Record, out *emitter) error {
	key, reason := keyOf(rec)
	if reason != "" {
		out.Skip(reason)
		return nil
	}
	out.Emit(key, onePing)
	histogram.Each(rec.Get("histograms"), func(name string, a histogram.Array, ok bool) bool {
		if !ok {
			out.Count("histogram that is no array of numbers", 1)
			return true
		}
		if !isMeasure(name) {
			out.Count("histogram with a name that none has", 1)
			return true
		}
		shape := a.Shape()
		switch {
		case !shape.Counts || shape.Negative || shape.Missing&1 != 0: // without a sum, the means of all would be wrong
			out.Count("histogram with a number below zero, or with parts of samples", 1)
			return true
		case shape.Large:
			out.Count("histogram with a number beyond 2^53", 1)
			return true
		}
		key.Measure, key.Missing = name, shape.Missing
		out.Emit(key, a)
		return true
	})
	emitSimple(rec.Get("simpleMeasurements"), key, out)
	return nil
}

func reduceCell(k Key, values iter.Seq[histogram.Array], rows *mapreduce.Rows) error {
	for sum := range values {
		for s := range sum.ByLength() {
			text, err := s.AppendText(make([]byte, 0, 64+4*s.Len()))
			if err != nil {
				return err // no number of a ping is so large
			}
			rows.Add(k.Release, k.Measure, k.Built, k.Submitted, k.Leaf, int64(k.Missing), s.N(), withoutMissing(text, k.Missing))
		}
	}
	return nil
}
