package mapreduce_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// jobs are the jobs of these tests, by name.
var jobs = map[string]entry{
	// Of every kind: what comes out must not depend on how it is run.
	"os": entryOf(mapreduce.Job[string, int]{
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
	}),
	"os-or-none": entryOf(counter(func(rec storage.Record) (string, error) {
		os, ok := rec.Get("info", "OS").Str()
		if !ok {
			os = "#records without info.OS"
		}
		return os, nil
	})),
	"ids":     entryOf(counter(func(rec storage.Record) (string, error) { return string(rec.Key), nil })),
	"trivial": entryOf(counter(func(rec storage.Record) (string, error) { return string(rec.Key[:min(3, len(rec.Key))]), nil })),
	"dates":   entryOf(counter(func(rec storage.Record) (string, error) { return rec.Dims.Get("submission_date"), nil })),
	"flash":   entryOf(flash),
	"sums":    entryOf(histogramSums),
	"lists":   entryOf(lists),
	"ordered": entryOf(ordered),
	"exact":   entryOf(exactSums),
	"extract": entryOf(extract),
	"records": entryOf(records),

	"latest": entryOf(latest),

	// Of every fault.
	"panics": entryOf(faulty(func(rec storage.Record) error { return fmt.Errorf("%c", rec.Key[len(rec.Key)]) })),
	"fails":  entryOf(faulty(func(rec storage.Record) error { return fmt.Errorf("%s is not to my liking", rec.Key) })),
	"exits":  entryOf(faulty(func(storage.Record) error { fmt.Println("out of cheese"); os.Exit(3); return nil })),
	"crashes": entryOf(faulty(func(storage.Record) error {
		go panic("behind the back of Map")
		select {}
	})),
	"goexits":  entryOf(faulty(func(storage.Record) error { runtime.Goexit(); return nil })),
	"recurses": entryOf(faulty(func(storage.Record) error { return fmt.Errorf("%d", recurse(1)) })),
	"races": entryOf(faulty(func(storage.Record) error {
		m := map[int]int{}
		for range 4 {
			go func() {
				for i := 0; ; i++ {
					m[i%2] = i
				}
			}()
		}
		for i := 0; ; i++ {
			m[i%2] = i
		}
	})),
	// Alone, a record does it no harm; together with the one before it does.
	"dies-at-times": entryOf(func() mapreduce.Job[string, int] {
		seen := 0
		return faultyOr(func(storage.Record) error {
			if seen > 0 {
				os.Exit(5)
			}
			return nil
		}, func() { seen++ })
	}()),
	"deadly": entryOf(counter(func(rec storage.Record) (string, error) {
		switch do, _ := rec.Get("do").Str(); do {
		case "exit":
			os.Exit(3)
		case "hang":
			select {}
		case "crash":
			go panic("behind the back of Map")
			select {}
		case "goexit":
			runtime.Goexit()
		case "eat":
			return "", hoard()
		case "keep": // more than there is, and come to an end
			for range 250 {
				hoarded = append(hoarded, bytes.Repeat([]byte{1}, 1<<20))
			}
		case "error":
			return "", errors.New("no such country: \xfe")
		case "panic":
			panic("no such country")
		}
		return string(rec.Key), nil
	})),
	"prints": entryOf(faulty(func(storage.Record) error { fmt.Print(strings.Repeat("x", 1<<20)); return nil })),
	"spins":  entryOf(faulty(func(storage.Record) error { return spin() })),
	"sleeps": entryOf(faulty(func(storage.Record) error { time.Sleep(time.Hour); return nil })),
	"hoards": entryOf(faulty(func(storage.Record) error { return hoard() })),
	"grows":  entryOf(grows),

	"long-value":    entryOf(mapreduce.Job[string, []byte]{Map: longFor(5e7), Reduce: keyAndLength(0)}),
	"long-combined": entryOf(mapreduce.Job[string, []byte]{Map: longFor(5e7), Combine: func(acc *[]byte, v []byte) {}}),
	"long-row":      entryOf(mapreduce.Job[string, []byte]{Map: longFor(1), Reduce: keyAndLength(5e7)}),
	"long-cells":    entryOf(mapreduce.Job[string, []byte]{Map: longFor(5e7)}),
	"many":          entryOf(many),
	"overflows": entryOf(mapreduce.Job[string, int]{
		Map: func(_ storage.Record, out *mapreduce.Emitter[string, int]) error {
			out.Emit("k", 1<<62)
			return nil
		},
		Combine: mapreduce.Sum[int],
	}),
	"reduce-fails": entryOf(mapreduce.Job[string, int]{
		Map: ordinals,
		Reduce: func(key string, values iter.Seq[int], _ *mapreduce.Rows) error {
			for v := range values {
				if v == 7 {
					return errors.New("seven is right out")
				}
			}
			return nil
		},
	}),
	"reduce-exits": entryOf(mapreduce.Job[string, int]{
		Map: ordinals,
		Reduce: func(string, iter.Seq[int], *mapreduce.Rows) error {
			os.Exit(6)
			return nil
		},
	}),
	"reads-twice": entryOf(mapreduce.Job[string, int]{
		Map: ordinals,
		Reduce: func(_ string, values iter.Seq[int], _ *mapreduce.Rows) error {
			for range values {
				break
			}
			for range values {
				break
			}
			return nil
		},
	}),
	"tab": entryOf(mapreduce.Job[string, string]{Map: func(rec storage.Record, out *mapreduce.Emitter[string, string]) error {
		out.Emit("k", "a\tb")
		return nil
	}}),
	"bad-key": entryOf(mapreduce.Job[any, int]{Map: func(storage.Record, *mapreduce.Emitter[any, int]) error { return nil }}),
	"half":    entryOf(half),
	"long-key": entryOf(mapreduce.Job[string, int]{Map: func(_ storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit(strings.Repeat("k", 1<<20+1), 1)
		return nil
	}}),
	"late": entryOf(late()),
	"dies-once": entryOf(faulty(func(storage.Record) error {
		if _, err := os.Stat(os.Args[2]); err == nil {
			return nil
		}
		if err := os.WriteFile(os.Args[2], nil, 0o600); err != nil {
			return err
		}
		os.Exit(1)
		return nil
	})),
	"replaces-itself": entryOf(faulty(func(storage.Record) error {
		if _, err := os.Stat(os.Args[4]); err == nil {
			return nil
		}
		if err := errors.Join(os.Rename(os.Args[2], os.Args[3]), os.WriteFile(os.Args[4], nil, 0o600)); err != nil {
			return err
		}
		os.Exit(1)
		return nil
	})),
}

// counter counts records by what of says.
func counter(of func(storage.Record) (string, error)) mapreduce.Job[string, int] {
	return mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			k, err := of(rec)
			if err != nil {
				return err
			}
			out.Emit(k, 1)
			return nil
		},
		Combine: mapreduce.Sum[int],
	}
}

// flash is A04: records by what is known of the Flash plug-in.
var flash = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		info := rec.Get("info")
		os, ok1 := info.Get("OS").Str()
		app, ok2 := info.Get("appName").Str()
		if !ok1 || !ok2 {
			out.Skip("no OS or appName")
			return nil
		}
		if !((app == "Firefox" || app == "MetroFirefox") && os == "WINNT" || app == "Fennec") {
			out.Skip("another application")
			return nil
		}
		cells := []string{app}
		for _, f := range []string{"appVersion", "appUpdateChannel", "OS", "version", "flashVersion"} {
			s, ok := info.Get(f).Str()
			if !ok {
				s = "NA"
			}
			cells = append(cells, s)
		}
		out.Emit(strings.Join(cells, ","), 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
}

// histogramSums is A05: the sum of each histogram of converted records, behind the number of records.
var histogramSums = mapreduce.Job[string, histogram.Array]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, histogram.Array]) error {
		if ver, _ := rec.Get("ver").Int(); ver != 2 {
			out.Skip("not converted")
			return nil
		}
		for name, a := range histogram.All(rec.Get("histograms")) {
			out.Emit(rec.Dims.Get("appUpdateChannel")+"/"+rec.Dims.Get("appVersion")+"/"+name, a)
		}
		return nil
	},
	Combine: histogram.Add,
	Reduce: func(key string, sums iter.Seq[histogram.Array], rows *mapreduce.Rows) error {
		for s := range sums {
			text, err := s.AppendText(nil)
			if err != nil {
				return err
			}
			rows.Add(key, fmt.Sprintf("[%d,%s", s.N(), text[1:]))
		}
		return nil
	},
}

// lists gives the values of each key as they come: their order is the input's.
var lists = mapreduce.Job[string, []string]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, []string]) error {
		os, _ := rec.Get("info", "OS").Str()
		out.Emit(os, []string{string(rec.Key), fmt.Sprint(rec.Line())})
		if len(rec.Key)%2 == 0 {
			out.Emit("even", []string{string(rec.Key)})
		}
		return nil
	},
	Reduce: func(key string, values iter.Seq[[]string], rows *mapreduce.Rows) error {
		all := slices.Collect(values)
		rows.Add(key, len(all), all)
		return nil
	},
	Columns: []string{"os", "n", "ids"},
	Ordered: true,
}

type orderedKey struct {
	OS   string
	Time int64  `mr:"order"`
	ID   string `mr:"order"`
}

// ordered sorts by time within each group, and combines what is equal to the last field.
var ordered = mapreduce.Job[orderedKey, string]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[orderedKey, string]) error {
		os, _ := rec.Get("info", "OS").Str()
		t, _ := rec.Get("t").Int()
		out.Emit(orderedKey{os, -t, string(rec.Key)}, fmt.Sprint(-t))
		return nil
	},
	Combine: mapreduce.Max[string],
	Reduce: func(k orderedKey, values iter.Seq[string], rows *mapreduce.Rows) error {
		rows.Add(k.OS, strings.Join(slices.Collect(values), " "))
		return nil
	},
	Columns: []string{"os", "times"},
}

// exactSums adds floats that have no exact sum as float64.
var exactSums = mapreduce.Job[bool, mapreduce.ExactSum]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[bool, mapreduce.ExactSum]) error {
		f, ok := rec.Get("f").Float()
		out.Emit(ok, mapreduce.Exact(f))
		return nil
	},
	Combine: mapreduce.AddExact,
}

type visit struct {
	Time  int64
	Ids   [][]byte
	Count []int64
}

// latest keeps the latest value, as it is: a combiner that people write.
var latest = mapreduce.Job[string, visit]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, visit]) error {
		os, _ := rec.Get("info", "OS").Str()
		t, _ := rec.Get("t").Int()
		t = t*1000 + rec.Line()
		out.Emit(os, visit{t, [][]byte{rec.Key, rec.Value[:20]}, []int64{t, t + 1}})
		return nil
	},
	Combine: func(acc *visit, v visit) {
		if v.Time > acc.Time || v.Time == acc.Time && string(v.Ids[0]) > string(acc.Ids[0]) {
			*acc = v
		}
	},
}

// extract is map-only.
var extract = mapreduce.Job[string, []byte]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
		if rec.Line()%3 == 0 {
			out.Skip("not today")
			return nil
		}
		out.Emit(string(rec.Key), rec.Value)
		return nil
	},
}

// records sends whole records through the shuffle.
var records = mapreduce.Job[string, []byte]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
		out.Emit(string(rec.Key), rec.Value)
		return nil
	},
	Reduce: func(key string, values iter.Seq[[]byte], rows *mapreduce.Rows) error {
		for v := range values {
			rows.Add(key, v)
		}
		return nil
	},
}

// half emits before it finds its record bad.
var half = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		out.Emit("pairs", 1)
		out.Count("seen", 1)
		var v any
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			return err
		}
		out.Emit("pairs", 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
}

// late emits when it is too late.
func late() mapreduce.Job[string, int] {
	var kept *mapreduce.Emitter[string, int]
	return mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			kept = out
			return ordinals(rec, out)
		},
		Reduce: func(string, iter.Seq[int], *mapreduce.Rows) error {
			kept.Emit("late", 1)
			return nil
		},
	}
}

func ordinals(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
	out.Emit(string(rec.Key[:1]), int(rec.Line()))
	return nil
}

// mapInto returns a Map that calls f for each record.
func mapInto(f func()) func(storage.Record, *mapreduce.Emitter[string, int]) error {
	return func(storage.Record, *mapreduce.Emitter[string, int]) error {
		f()
		return nil
	}
}

// writeStore makes a store of n records in files of all codecs, and returns its directory.
func writeStore(t interface {
	Helper()
	Fatal(...any)
	TempDir() string
}, n int,
) string {
	t.Helper()
	dir := t.TempDir()
	tree, err := storage.Init(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	files := map[string]*storage.FileWriter{}
	systems := []string{"WINNT", "Darwin", "Linux", "Android", "a\x00b", "Ünïcode"}
	for i := range n {
		channel := []string{"nightly", "aurora", "beta"}[rnd.IntN(3)]
		date := fmt.Sprintf("201403%02d", 1+rnd.IntN(5))
		path := tree.Schema().Path([]string{"saved-session", "Firefox", channel, "30.0a1", "20140301030203", date})
		path += []string{"", ".gz", ".zst"}[rnd.IntN(3)]
		if files[path] == nil {
			name := dir + "/" + path
			if err := os.MkdirAll(name[:strings.LastIndexByte(name, '/')], 0o755); err != nil {
				t.Fatal(err)
			}
			if files[path], err = storage.CreateFile(name); err != nil {
				t.Fatal(err)
			}
			defer files[path].Close()
		}
		h := make([]string, 9)
		for k := range h {
			h[k] = fmt.Sprint(rnd.IntN(5) / 3 * rnd.IntN(1000))
		}
		h[5], h[6] = fmt.Sprint(rnd.ExpFloat64()*1e3), "-1"
		os, err := json.Marshal(systems[rnd.IntN(len(systems))])
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(files[path], "id-%03d\t"+`{"ver":2,"info":{"OS":%s},"t":%d,"f":%v,"histograms":{"A":[%s],"B_%d":[%s],"C":{"0":1}}}`+"\n",
			rnd.IntN(n), os, rnd.IntN(100), rnd.NormFloat64()*1e9, strings.Join(h, ","), i%7, strings.Join(h[i%3:], ", "))
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
