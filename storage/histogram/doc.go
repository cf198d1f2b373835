// Package histogram reads, adds up and interprets the histograms of records.
//
// A stored histogram is an array of numbers: the counts of its buckets, then
// five summary values, sum, log_sum, log_sum_squares, sum_squares_lo and
// sum_squares_hi. A summary value that the sender left out is -1; it may also be
// null.
//
//	[0,12,3,0,7,42.5,120.25,-1,-1]
//
// An Array is such an array, or the sum of many, element by element. Add is
// ready to be the Combine of a job:
//
//	mapreduce.Job[string, histogram.Array]{
//		Map: func(rec storage.Record, out *mapreduce.Emitter[string, histogram.Array]) error {
//			for name, a := range histogram.All(rec.Get("histograms")) {
//				out.Emit(name, a)
//			}
//			return nil
//		},
//		Combine: histogram.Add,
//	}
//
// Sums are exact: the order in which arrays are added, and the tree of partial
// sums, makes no difference to any bit. An element is rounded once, when it is
// read. A -1 adds as -1, so a value that n arrays lack sums up to -n; a null adds
// nothing.
//
// What the elements mean is said by the file Histograms.json of the browser's
// source: Definitions, of which package revision finds those that belong to a
// record. A Definition has the bounds of the buckets, packs what a browser sends
// into an array, and makes a Distribution of an Array, with means and percentiles.
package histogram
