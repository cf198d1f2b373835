// Package job adds up the histograms of pings for a dashboard.
//
// A record is one pair: its key is a leaf of the dashboard's tree, and its value has all histograms of the ping. The
// output has, for each day of submission and release, what a dashboard reads of it, a measure a row:
//
//	submission day
//	release         channel/major version, nightly/27
//	measure         GC_MS, SIMPLE_MEASURES_FIRSTPAINT; the first is empty
//	cells           a JSON array
//
// The row without a measure says what groups of pings there are; a Groups in JSON. A cell of a measure is what the pings
// of a group say of it:
//
//	[group, pings, [buckets..., sum, log sum, log sum of squares, sum of squares low, sum of squares high]]
//
// A group is its index among those of the first row. An integer has all its digits, any other number is the nearest float64. No
// number is negative, but the last five elements are -1 if these pings leave them out, and -n stands for n buckets that are 0, if
// these are two or more. Those of a group that differ in what they leave out, or in the number of buckets, are apart. Days of
// submission are added up later, by package publish: a store keeps them apart, so that the job runs over any of them.
package job

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A Key is the place of a ping. Pings of a day and a release are reduced together.
type Key struct {
	Submitted, Release string

	Built string `mr:"order"`
	Leaf  string `mr:"order"` // reason/appName/OS/osVersion/arch
}

type emitter = mapreduce.Emitter[Key, Sums]

// Job returns the job. Beside the reasons for which it skips records, it has counters of what it leaves out for each day
// of submission, see Counter.
func Job() mapreduce.Job[Key, Sums] {
	return mapreduce.Job[Key, Sums]{
		Map:     mapPing,
		Combine: add,
		Reduce:  reduceRelease,
		Columns: []string{"submitted", "release", "measure", "cells"},
	}
}

func mapPing(rec storage.Record, out *emitter) error {
	info := rec.Get("info")
	key, reason := keyOf(rec, info)
	c := counts{key.Submitted, out}
	if reason != "" {
		out.Skip(reason)
		c.add(Skipped, reason)
		return nil
	}
	c.add(Pings, "")
	ping := rec.Get()
	buf := ping.Buffer() // for as long as the engine needs what is emitted
	where := place{built: key.Built, leaf: key.Leaf, pings: 1, newest: revisionOf(rec, info)}
	p := pingWriter{b: where.appendTo((*buf)[:0]), refused: c}
	p.measures(ping, buf)
	*buf = p.b
	out.Emit(key, Sums{form: p.b})
	return nil
}
