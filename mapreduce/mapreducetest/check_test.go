package mapreducetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
	"github.com/telemetry-mr/mr/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers are records of two keys with a few numbers each.
func numbers(t *testing.T) []mapreducetest.Record {
	return mapreducetest.Records(t, `
		[appUpdateChannel=nightly submission_date=20140308]
		a {"k": "x", "n": 1}
		b {"k": "x", "n": 7}
		c {"k": "y", "n": 2}
		d {"k": "x", "n": 4}
		[appUpdateChannel=beta]
		e {"k": "y", "n": 2}
		f {"k": "x", "n": 11}
		g {"k": "z", "n": 5}
	`)
}

type mapFunc[V any] = func(storage.Record, *mapreduce.Emitter[string, V]) error

// pairs returns a Map that emits what of makes of n under k.
func pairs[V any](of func(n int) V) mapFunc[V] {
	return func(rec storage.Record, out *mapreduce.Emitter[string, V]) error {
		k, _ := rec.Get("k").Str()
		n, _ := rec.Get("n").Int()
		out.Emit(k, of(int(n)))
		return nil
	}
}

func number(n int) int { return n }

type job = mapreduce.Job[string, int]

// kept is a value with a Clone, and a Combine or Clone that may keep memory of it.
type kept struct{ b []byte }

func (k kept) AppendBinary(dst []byte) ([]byte, error) { return append(dst, k.b...), nil }
func (k *kept) UnmarshalBinary(b []byte) error         { k.b = bytes.Clone(b); return nil }
func (k kept) Clone() kept                             { return kept{bytes.Clone(k.b)} }
func (k kept) MarshalText() ([]byte, error)            { return k.b, nil }

// lent is kept, and borrows what it is read from.
type lent struct{ kept }

func (l lent) AppendBinary(dst []byte) ([]byte, error) { return append(dst, l.b...), nil }
func (l *lent) UnmarshalBinary(b []byte) error         { l.b = bytes.Clone(b); return nil }
func (l *lent) UnmarshalBinaryBorrow(b []byte) error   { l.b = b; return nil }
func (l lent) Clone() lent                             { return lent{l.kept.Clone()} }

// shallow has a Clone that is no copy.
type shallow struct{ kept }

func (s shallow) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.b...), nil }
func (s *shallow) UnmarshalBinary(b []byte) error         { s.b = bytes.Clone(b); return nil }
func (s shallow) Clone() shallow                          { return s }

func keyOf(rec storage.Record, out *mapreduce.Emitter[string, kept]) error {
	k, _ := rec.Get("k").Str()
	out.Emit(k, kept{rec.Key})
	return nil
}

// What is wrong with a job is found, and named.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	last, calls, reduced, counted := 0, 0, 0, 0
	sum := func(values iter.Seq[int]) (n int) {
		for v := range values {
			n += v
		}
		return n
	}
	for _, test := range []struct {
		name  string
		check func([]mapreducetest.Record) error
		want  []string // parts of the message
	}{
		{"subtracts", check(job{Map: pairs(number), Combine: func(acc *int, v int) { *acc -= v }}), []string{"Combine is not commutative", "a + b = ", "b + a = "}},
		{"keeps the first", check(job{Map: pairs(number), Combine: func(*int, int) {}}), []string{"Combine is not commutative: key \"x\"", "a = ", "b = "}},
		{"averages", check(mapreduce.Job[string, float64]{
			Map:     pairs(func(n int) float64 { return float64(n) }),
			Combine: func(acc *float64, v float64) { *acc = (*acc + v) / 2 },
		}), []string{"Combine is not associative", "(a + b) + c = ", "a + (b + c) = "}},
		{"subtracts in the dark", check(job{
			Map: pairs(number), Combine: func(acc *int, v int) { *acc -= v },
			Reduce: func(k string, values iter.Seq[int], rows *mapreduce.Rows) error {
				rows.Add(k, sum(values) > 0)
				return nil
			},
		}), []string{"Combine is not commutative", "Reduce makes different rows", "- x\ttrue", "+ x\tfalse"}},
		{"adds floats", check(mapreduce.Job[string, float64]{
			Map:     pairs(func(n int) float64 { return float64(n) / 10 }),
			Combine: func(acc *float64, v float64) { *acc += v },
		}), []string{"Combine is not associative", "(a + b) + c = "}},
		{"joins text", check(mapreduce.Job[string, string]{
			Map:     pairs(func(n int) string { return fmt.Sprint(n) }),
			Combine: func(acc *string, v string) { *acc += v },
		}), []string{"Combine is not commutative", `a = "`}},
		{"keeps v", check(mapreduce.Job[string, lent]{
			Map:     pairs(func(n int) lent { return lent{kept{fmt.Append(nil, n)}} }),
			Combine: keep(func(l lent) []byte { return l.b }),
		}), []string{"Combine keeps memory of v", "with b overwritten afterwards"}},
		{"keeps memory of the record", check(mapreduce.Job[string, kept]{
			Map: keyOf, Combine: keep(func(k kept) []byte { return k.b }),
		}), []string{"memory", "only lent for the call"}},
		{"has a Clone that is no copy", check(mapreduce.Job[string, shallow]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, shallow]) error {
				out.Emit("all", shallow{kept{rec.Key}})
				return nil
			},
			Combine: func(acc *shallow, v shallow) {
				acc.b = bytes.Clone(slices.MinFunc([][]byte{acc.b, v.b}, bytes.Compare))
			},
		}), []string{"with the memory of each record overwritten", "Clone of the values"}},
		{"counts otherwise", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				counted++
				out.Count("seen", int64(counted))
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{"run another time, the job counts otherwise: map[seen:"}},
		{"takes the first", check(job{
			Map: pairs(number),
			Reduce: func(k string, values iter.Seq[int], rows *mapreduce.Rows) error {
				for v := range values {
					rows.Add(k, v)
					break
				}
				return nil
			},
		}), []string{"Reduce depends on the order of its values: key \"x\"", "  11, 1, 7, 4\n", "Ordered: true"}},
		{"takes each once", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				if k, _ := rec.Get("k").Str(); !seen[k] {
					seen[k] = true
					out.Emit(k, 1)
				}
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{"Map of record", "depends on more than its record", `("x", 1)`, "no pair"}},
		{"takes differences", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				n, _ := rec.Get("n").Int()
				out.Emit("all", int(n)-last)
				last = int(n)
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{"Map of record", `("all", `}},
		{"skips at times", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				if calls++; calls > 9 {
					out.Skip("enough")
				}
				out.Emit("all", 1)
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{"Map of record", `skipped: "enough"`}},
		{"fails at times", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				if calls--; calls < 0 {
					return errors.New("I am tired")
				}
				out.Emit("all", 1)
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{"Map of record", `error: I am tired`}},
		{"numbers its rows", check(job{
			Map: pairs(number), Combine: mapreduce.Sum[int],
			Reduce: func(k string, values iter.Seq[int], rows *mapreduce.Rows) error {
				reduced++
				rows.Add(reduced, k, sum(values))
				return nil
			},
		}), []string{"the rows depend on how the job is run", "+ run another time", "- 1\tx\t23", "+ 4\tx\t23"}},
		{"refuses a record", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				if string(rec.Key) == "d" {
					return errors.New("a d is not for me")
				}
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{`record 4 ("d"): a d is not for me`}},
		{"panics", check(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				out.Emit(string(rec.Value[100]), 1)
				return nil
			},
			Combine: mapreduce.Sum[int],
		}), []string{`record 5 ("e"): panic: `, "check_test.go:"}},
		{"has a key of no kind", check(mapreduce.Job[any, int]{
			Map: func(storage.Record, *mapreduce.Emitter[any, int]) error { return nil },
		}), []string{"type of keys"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.check(numbers(t))
			if err == nil {
				t.Fatal("nothing was found")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message does not have %q:\n%v", part, err)
				}
			}
		})
	}
}

func check[K comparable, V any](job mapreduce.Job[K, V]) func([]mapreducetest.Record) error {
	return func(records []mapreducetest.Record) error {
		_, _, err := mapreducetest.Check(context.Background(), job, records, mapreducetest.Options{})
		return err
	}
}

// keep returns a Combine that keeps the least value as it is.
func keep[V any](of func(V) []byte) func(acc *V, v V) {
	return func(acc *V, v V) {
		if bytes.Compare(of(*acc), of(v)) > 0 {
			*acc = v
		}
	}
}
