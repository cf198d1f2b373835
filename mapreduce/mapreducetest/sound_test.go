package mapreducetest_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

type timed struct {
	K string
	N int `mr:"order"`
}

// Nothing is found where nothing is wrong, whatever kind the job is of.
func TestSound(t *testing.T) {
	memo := map[string]string{}
	for _, test := range []struct {
		name string
		run  func(testing.TB, []mapreducetest.Record)
	}{
		{"sum", run(job{Map: pairs(number), Combine: mapreduce.Sum[int]}, "x\t23\ny\t4\nz\t5\n")},
		{"sum that overflows when it is taken twice", run(job{
			Map: pairs(func(n int) int { return n << 58 }), Combine: mapreduce.Max[int],
		}, "x\t3170534137668829184\ny\t576460752303423488\nz\t1441151880758558720\n")},
		{"exact sum", run(mapreduce.Job[string, mapreduce.ExactSum]{
			Map:     pairs(func(n int) mapreduce.ExactSum { return mapreduce.Exact(float64(n) / 10) }),
			Combine: mapreduce.AddExact,
		}, "x\t2.3000000000000003\ny\t0.4\nz\t0.5\n")},
		{"collects, to sort", run(mapreduce.Job[string, []int]{
			Map:     pairs(func(n int) []int { return []int{n} }),
			Combine: func(acc *[]int, v []int) { *acc = append(*acc, v...) },
			Reduce: func(k string, values iter.Seq[[]int], rows *mapreduce.Rows) error {
				for v := range values {
					slices.Sort(v)
					rows.Add(k, v)
				}
				return nil
			},
		}, "x\t[1,4,7,11]\ny\t[2,2]\nz\t[5]\n")},
		{"histograms", run(mapreduce.Job[string, histogram.Array]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, histogram.Array]) error {
				for name, a := range histogram.All(rec.Get("histograms")) {
					out.Emit(name, a)
				}
				return nil
			},
			Combine: histogram.Add,
		}, "A\t[6,0,0.75,6,0,-6]\n")},
		{"ordered", run(job{
			Map: pairs(number),
			Reduce: func(k string, values iter.Seq[int], rows *mapreduce.Rows) error {
				rows.Add(k, slices.Collect(values))
				return nil
			},
			Ordered: true,
		}, "x\t[11,1,7,4]\ny\t[2,2]\nz\t[5]\n")},
		{"in the order of its keys", run(mapreduce.Job[timed, int]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[timed, int]) error {
				k, _ := rec.Get("k").Str()
				n, _ := rec.Get("n").Int()
				out.Emit(timed{k, int(n)}, int(n))
				return nil
			},
			Reduce: func(k timed, values iter.Seq[int], rows *mapreduce.Rows) error {
				rows.Add(k.K, slices.Collect(values))
				return nil
			},
		}, "x\t[1,4,7,11]\ny\t[2,2]\nz\t[5]\n")},
		{"in the order of its keys, combined", run(mapreduce.Job[timed, int]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[timed, int]) error {
				k, _ := rec.Get("k").Str()
				n, _ := rec.Get("n").Int()
				out.Emit(timed{k, int(n)}, 1)
				return nil
			},
			Combine: mapreduce.Sum[int],
			Reduce: func(k timed, values iter.Seq[int], rows *mapreduce.Rows) error {
				rows.Add(k.K, slices.Collect(values))
				return nil
			},
		}, "x\t[1,1,1,1]\ny\t[2]\nz\t[1]\n")},
		{"map only", run(mapreduce.Job[string, []byte]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
				out.Emit(string(rec.Key), rec.Get("n").Raw())
				return nil
			},
		}, "e\t2\nf\t11\ng\t5\na\t1\nb\t7\nc\t2\nd\t4\n")},
		{"where a record is", run(mapreduce.Job[string, int64]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int64]) error {
				out.Emit(rec.Dims.Get("appUpdateChannel")+strings.Repeat("!", strings.Count(rec.Path(), "/")), rec.Line())
				return nil
			},
			Combine: mapreduce.Max[int64],
		}, "beta!!!!\t1\nnightly!!!!\t1\n")},
		{"ranges over a map", run(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				for k, n := range map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5} {
					out.Emit(k, n)
					out.Emit("all", n)
				}
				return nil
			},
			Combine: mapreduce.Sum[int],
		}, "a\t7\nall\t105\nb\t14\nc\t21\nd\t28\ne\t35\n")},
		{"remembers what it has worked out", run(job{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				k, _ := rec.Get("k").Str()
				if memo[k] == "" {
					memo[k] = strings.ToUpper(k)
				}
				out.Emit(memo[k], 1)
				return nil
			},
			Combine: mapreduce.Sum[int],
		}, "X\t4\nY\t2\nZ\t1\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			records := numbers(t)
			for i := range records {
				records[i].Value = strings.Replace(records[i].Value, "}", fmt.Sprintf(`, "histograms": {"A": [%d,0,0.125,1,0,-1]}}`, i%3), 1)
			}
			records = records[:6]
			records = append(records, mapreducetest.Record{Key: "g", Value: `{"k": "z", "n": 5}`, Dims: records[4].Dims})
			test.run(t, records)
		})
	}
}

func run[K comparable, V any](job mapreduce.Job[K, V], want string) func(testing.TB, []mapreducetest.Record) {
	return func(t testing.TB, records []mapreducetest.Record) {
		if stats := mapreducetest.Run(t, job, records, want); stats.Lines != 7 {
			t.Errorf("%d lines", stats.Lines)
		}
		if _, _, err := mapreducetest.Check(t.Context(), job, records, mapreducetest.Options{Seed: 4}); err != nil {
			t.Error(err)
		}
	}
}
