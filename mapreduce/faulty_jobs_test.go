package mapreduce_test

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// faulty counts records, after it has done something to those with the id "culprit".
func faulty(do func(storage.Record) error) mapreduce.Job[string, int] { return faultyOr(do, func() {}) }

// faultyOr is faulty that does something else to the others.
func faultyOr(do func(storage.Record) error, other func()) mapreduce.Job[string, int] {
	return counter(func(rec storage.Record) (string, error) {
		if string(rec.Key) != "culprit" {
			other()
			return "records", nil
		}
		return "records", do(rec)
	})
}

// recurse calls itself for ever.
func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

const spinTime = 50 * time.Millisecond

// spin uses the processor for spinTime at least: it takes 300 million steps one after the other.
func spin() error {
	x := uint64(1)
	for range 100_000_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		return errors.New("xorshift has come to 0")
	}
	return nil
}

// longFor emits a value of n bytes for the culprit, short ones for others.
func longFor(n int) func(storage.Record, *mapreduce.Emitter[string, []byte]) error {
	return func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
		value := []byte{'x'}
		if string(rec.Key) == "culprit" {
			value = bytes.Repeat(value, n)
		}
		out.Emit(string(rec.Key), value)
		return nil
	}
}

// keyAndLength makes a row of the length of the values, with so many bytes behind it for the culprit.
func keyAndLength(n int) func(string, iter.Seq[[]byte], *mapreduce.Rows) error {
	return func(key string, values iter.Seq[[]byte], rows *mapreduce.Rows) error {
		sum := 0
		for v := range values {
			sum += len(v)
		}
		text := ""
		if key == "culprit" {
			text = strings.Repeat("x", n)
		}
		rows.Add(sum, text)
		return nil
	}
}

// hoarded is kept from the collector.
var hoarded [][]byte

// hoard takes memory without end.
func hoard() error {
	for {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		hoarded = append(hoarded, b)
	}
}

// grows keeps the values of a key, little by little more than there is room for.
var grows = mapreduce.Job[string, int]{
	Map: ordinals,
	Reduce: func(_ string, values iter.Seq[int], rows *mapreduce.Rows) error {
		var all [][]byte
		for range values {
			for range 1 << 8 {
				all = append(all, make([]byte, 1<<10))
			}
		}
		rows.Add(len(all))
		return nil
	},
}

// many emits ten thousand values a record, all of one key, and looks at each.
var many = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		for i := range 10_000 {
			out.Emit("k", i)
		}
		return nil
	},
	Reduce: func(key string, values iter.Seq[int], rows *mapreduce.Rows) error {
		n, sum := 0, 0
		for v := range values {
			n, sum = n+1, sum+v
		}
		rows.Add(key, n, sum)
		return nil
	},
}
