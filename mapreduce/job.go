package mapreduce

import (
	"fmt"
	"iter"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/storage"
)

// A Job says what to compute from the records of a store. Map is required.
//
// K is a string, number, bool, byte array or a struct of these. Rows come in the order of K: numbers by value, strings by
// bytes, structs field by field. Trailing struct fields tagged `mr:"order"` sort, but do not group: Reduce is called once
// for all keys that agree in the other fields, with the first of them, and its values come in the order of the tagged ones.
//
// V is a number, string or bool, a slice, array, map or pointer of these, a struct of these with exported fields, or a type
// that brings its own form as an encoding.BinaryAppender and encoding.BinaryUnmarshaler.
//
// A worker process calls the job's functions from one goroutine. [Local] calls them from several.
type Job[K comparable, V any] struct {
	// Map is called for each record and emits any number of pairs. An error or a panic marks the record as bad; the pairs
	// of a bad record never count. rec, and all that is read from it, is valid during the call only; strings are copies.
	Map func(rec storage.Record, out *Emitter[K, V]) error

	// Combine adds v to *acc. It is associative and commutative, never sees the key, and runs any number of times: in the
	// mapper, at spills, in merges. Both are its own: *acc = v is fine. Only if V has a method Clone() V does v come
	// uncopied, for speed: then it may borrow from the record and is valid during the call only. A panic fails the run.
	Combine func(acc *V, v V)

	// Reduce is called once a key, in key order. values is read once, as a stream, in the order of the input: a second
	// range, or one after Reduce has returned, panics; a read error ends it and fails the run. With Combine it yields
	// exactly one, the combined value, unless K has order fields: then one for each of their values. A value is the
	// job's own to keep. An error or a panic fails the run.
	//
	// Without Reduce, a key with its combined value is one row. A job with neither Reduce nor Combine is map-only: each
	// pair is a row, in input order.
	Reduce func(key K, values iter.Seq[V], rows *Rows) error

	// Columns name the cells of a row: in the header of CSV, as members in JSONL; TSV does not show them. A row then has
	// exactly so many cells. A job without Reduce need not name them: its cells are called as the fields of the key ("key",
	// if it is no struct), and "value".
	Columns []string

	// Ordered says that Reduce needs values in input order. This engine always gives them so; one that cannot promise it
	// refuses the job.
	Ordered bool
}

func (j *Job[K, V]) mapOnly() bool { return j.Combine == nil && j.Reduce == nil }

// An Emitter takes what Map makes of one record. It is valid during the call of Map only, in the goroutine of the call.
type Emitter[K comparable, V any] struct {
	codec *keys.Codec[K]
	memo  *keys.Memo[K, shuffle.Place] // of the keys in the table; nil if there is none
	open  bool                         // in a call of Map
	keys  []byte
	pairs []pair[V]
	remarks
}

// remarks are what Map says of a record beside its pairs.
type remarks struct {
	skip   string
	skips  bool
	counts []count
}

type pair[V any] struct {
	end   int   // of the key in Emitter.keys, where it has no place in the table yet
	note  int32 // of the key in Emitter.memo, or -1
	value V
}

type count struct {
	name string
	n    int64
}

// maxKey is the longest key: merging many runs takes a few keys of each.
const maxKey = 1 << 20

// check panics when the emitter is used outside of the call of Map that it is for.
func (e *Emitter[K, V]) check() {
	if !e.open {
		panic("the emitter is used after Map has returned")
	}
}

// Emit emits a pair. A key has at most 1 MiB, a value, encoded, at most half of a worker's memory; a longer one fails the run.
// value may borrow from the record; it must not be changed before Map returns.
func (e *Emitter[K, V]) Emit(key K, value V) {
	e.check()
	note := int32(-1)
	if e.memo != nil {
		note = e.memo.Find(&key)
	}
	if note < 0 || *e.memo.Of(note) == 0 {
		e.appendKey(&key)
	}
	e.pairs = append(e.pairs, pair[V]{len(e.keys), note, value})
}

func (e *Emitter[K, V]) appendKey(key *K) {
	start := len(e.keys)
	e.keys = e.codec.Append(e.keys, key)
	if n := len(e.keys) - start; n > maxKey {
		panic(fmt.Sprintf("a key of %d bytes is longer than 1 MiB", n))
	}
}

// Skip says that the record is left out on purpose: it is counted under reason, and pairs emitted for it do not count.
// The first reason is the one that counts. Reasons are few and fixed; they are not made from data.
func (e *Emitter[K, V]) Skip(reason string) {
	e.check()
	if !e.skips {
		e.skip, e.skips = reason, true
	}
}

// Count adds n to a counter of the job's own, which the run reports under its name. The counts of a bad record do not
// count.
func (e *Emitter[K, V]) Count(name string, n int64) {
	e.check()
	for i := range e.counts {
		if e.counts[i].name == name {
			e.counts[i].n += n
			return
		}
	}
	e.counts = append(e.counts, count{name, n})
}

func (e *Emitter[K, V]) reset() {
	if cap(e.keys) > 1<<20 { // one record emitted much
		e.keys, e.pairs = nil, nil
	}
	if e.memo != nil {
		e.memo.Turn()
	}
	e.keys, e.pairs, e.counts, e.skip, e.skips = e.keys[:0], e.pairs[:0], e.counts[:0], "", false
}
