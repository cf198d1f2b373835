package mapreduce_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"os"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// makeStore makes a store of four pings in a temporary directory.
func makeStore() (dir string) {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	tree, err := storage.Init(dir, storage.DefaultSchema())
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()
	w := storage.NewWriter(tree, storage.WriterOptions{})
	defer w.Close()
	for _, ping := range []struct{ channel, id, text string }{
		{"beta", "a", `{"info": {"OS": "Linux"}, "startup": 310.5}`},
		{"nightly", "b", `{"info": {"OS": "WINNT"}, "startup": 512.25}`},
		{"nightly", "c", `{"info": {"OS": "Linux"}, "startup": 290}`},
		{"nightly", "d", `{"startup": 1000}`},
	} {
		dims := []string{"main", "Firefox", ping.channel, "30.0", "20140301030203", "20140308"}
		if err := w.Append(dims, []byte(ping.id), []byte(ping.text)); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}
	return dir
}

// A job without a Reduce: each key with its combined value is a row.
func Example() {
	store := makeStore()
	defer os.RemoveAll(store)

	count := mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			os, ok := rec.Get("info", "OS").Str()
			if !ok {
				out.Skip("no info.OS")
				return nil
			}
			out.Emit(os, 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
	}
	// Local runs a job in this process. A job program ends with mapreduce.Serve(count) instead, and mr starts it.
	stats, err := mapreduce.Run(context.Background(), mapreduce.Local(count), mapreduce.Config{Data: store})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("skipped:", stats.SkippedBy)
	// Output:
	// Linux	2
	// WINNT	1
	// skipped: map[no info.OS:1]
}

// A key of two fields, a Reduce that makes its own rows, and a filter.
func ExampleRun() {
	store := makeStore()
	defer os.RemoveAll(store)

	type key struct{ Channel, OS string }
	average := mapreduce.Job[key, float64]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[key, float64]) error {
			system, _ := rec.Get("info", "OS").Str()
			if ms, ok := rec.Get("startup").Float(); ok {
				out.Emit(key{rec.Dims.Get("appUpdateChannel"), system}, ms)
			}
			return nil
		},
		Reduce: func(k key, values iter.Seq[float64], rows *mapreduce.Rows) error {
			n := 0
			var sum mapreduce.ExactSum // the same in any order
			for ms := range values {
				sum.Add(ms)
				n++
			}
			rows.Add(k.OS, n, sum.Float64()/float64(n))
			return nil
		},
	}
	nightly, err := filter.ParseExpr("appUpdateChannel=nightly")
	if err != nil {
		log.Fatal(err)
	}
	cfg := mapreduce.Config{Data: store, Filter: nightly}
	if _, err := mapreduce.Run(context.Background(), mapreduce.Local(average), cfg); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 	1	1000
	// Linux	1	290
	// WINNT	1	512.25
}

// A trailing field tagged mr:"order" sorts, but does not group: Reduce is given the least one with its key.
func ExampleJob_order() {
	store := makeStore()
	defer os.RemoveAll(store)

	type key struct {
		Channel string
		Startup float64 `mr:"order"`
	}
	fastest := mapreduce.Job[key, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[key, int]) error {
			if ms, ok := rec.Get("startup").Float(); ok {
				out.Emit(key{rec.Dims.Get("appUpdateChannel"), ms}, 1)
			}
			return nil
		},
		Reduce: func(k key, values iter.Seq[int], rows *mapreduce.Rows) error {
			rows.Add(k.Channel, "fastest", k.Startup) // the first of the key's order
			return nil
		},
	}
	cfg := mapreduce.Config{Data: store}
	if _, err := mapreduce.Run(context.Background(), mapreduce.Local(fastest), cfg); err != nil {
		log.Fatal(err)
	}
	// Output:
	// beta	fastest	310.5
	// nightly	fastest	290
}
