// Package shuffle brings together the values of a key. A [Table] gathers pairs in memory, one combined value or a list of
// values a key; it is written out as a sorted [Run] when it is full; a [Merger] reads many runs as one, in key order.
//
// Keys are byte strings, ordered by bytes, and none is a prefix of another. Values of one key keep their order: within a
// table the order of Add, across runs the order in which the runs are given.
//
// Nothing is partitioned when it is written. Every run has an index, so any number of readers may each take a key range
// of all runs; the ranges are chosen when the sizes are known.
package shuffle
