package shuffle_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

// Any runs, cut anywhere, merged with any fan-in: every value once, in key order, those of a key in the order of runs.
func TestMerge(t *testing.T) {
	runDir, dir := t.TempDir(), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		ks := keys(t, 30)
		slices.Sort(ks)
		value := valueMaker(0, 1, 3, 200, 200, 3000, 30_000, 33_000, 70_000)
		want := model{}
		var runs []string
		var near [][]byte // keys that cuts are made of
		for r := range rapid.IntRange(0, 25).Draw(t, "runs") {
			path := filepath.Join(runDir, fmt.Sprintf("%d.run", r))
			run := write(t, path, func(w *shuffle.RunWriter) error { return drawEntries(t, w, ks, want, value) })
			runs = append(runs, path)
			if !slices.IsSortedFunc(run.Samples, bytes.Compare) || len(run.Samples) > 256 {
				t.Fatalf("%d samples, or not in order", len(run.Samples))
			}
			near = append(near, run.Samples...)
		}
		for _, k := range ks {
			near = append(near, []byte(k))
		}
		cuts := drawCuts(t, near)
		fanIn := rapid.IntRange(0, 30).Draw(t, "fan-in")
		for i := range len(cuts) - 1 {
			got, err := read(runs, cuts[i], cuts[i+1], fanIn, dir)
			if err != nil {
				t.Fatal(err)
			}
			check(t, got, want.groups(cuts[i], cuts[i+1]))
			checkEmpty(t, dir)
		}
	})
}

// drawEntries writes entries of ascending keys, some keys with several.
func drawEntries(t *rapid.T, w *shuffle.RunWriter, keys []string, want model, value func(t *rapid.T) string) error {
	if rapid.IntRange(0, 5).Draw(t, "empty run") == 0 {
		return nil
	}
	for _, k := range keys {
		for range rapid.SampledFrom([]int{0, 1, 1, 2, 8}).Draw(t, "entries") {
			var vs []string
			for range rapid.SampledFrom([]int{1, 1, 1, 2, 20}).Draw(t, "values") {
				vs = append(vs, value(t))
			}
			want.add(k, vs...)
			if err := w.Add([]byte(k), int64(len(vs)), values(vs...)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drawCuts draws ends of ranges, from open to open: keys and what lies just beside them.
func drawCuts(t *rapid.T, near [][]byte) [][]byte {
	cuts := [][]byte{}
	for _, k := range rapid.SliceOfN(rapid.SampledFrom(near), 0, 4).Draw(t, "cuts") {
		k = bytes.Clone(k)
		switch rapid.IntRange(0, 4).Draw(t, "beside") {
		case 0:
			k = append(k, 0)
		case 1:
			k = k[:len(k)/2]
		case 2:
			if len(k) > 0 {
				k[rapid.IntRange(0, len(k)-1).Draw(t, "at")]++
			}
		}
		cuts = append(cuts, append([]byte{}, k...))
	}
	slices.SortFunc(cuts, bytes.Compare)
	return append(append([][]byte{nil}, cuts...), nil)
}

// A key that fills many blocks, between others, is found whole from every cut.
func TestMergeOfLongGroups(t *testing.T) {
	dir := t.TempDir()
	want := model{}
	var runs []string
	for r := range 3 {
		path := filepath.Join(dir, fmt.Sprintf("%d.run", r))
		table := bytesTable()
		for i := range 40_000 {
			k := []string{"a\x00\x01", "long\x00\x01", "long\x00\x01", "long\x00\x01", "z\x00\x01"}[i%5]
			v := fmt.Appendf(nil, "%d value %d", r, i)
			if _, err := table.Add([]byte(k), &v); err != nil {
				t.Fatal(err)
			}
			want.add(k, string(v))
		}
		if run := write(t, path, table.WriteTo); run.Bytes < 8*64<<10 {
			t.Fatalf("%d bytes are too few blocks", run.Bytes)
		}
		runs = append(runs, path)
	}
	for _, low := range []string{"", "a\x00\x01", "b", "long\x00\x01", "long\x00\x02", "z\x00\x01", "zz"} {
		for _, high := range []string{"", "a\x00\x01", "long\x00\x01", "long\x00\x01\x00", "z\x00\x01"} {
			end := []byte(high)
			if high == "" {
				end = nil
			}
			got, err := read(runs, []byte(low), end, 8, dir)
			if err != nil {
				t.Fatal(err)
			}
			check(t, got, want.groups([]byte(low), end))
		}
	}
}

// Cuts at samples, as a plan of reduce tasks makes them, share the bytes evenly.
func TestSamples(t *testing.T) {
	const ranges = 8
	sizes := map[string]func(i int) int{
		"even":      func(int) int { return 20 },
		"ascending": func(i int) int { return i / 40 },
		"few large": func(i int) int { return 20 + i%1000/999*60_000 },
		"tiny":      func(int) int { return 0 },
	}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var runs []string
			var samples [][]byte
			var total int64
			for r := range 3 {
				path := filepath.Join(dir, fmt.Sprintf("%d.run", r))
				run := write(t, path, func(w *shuffle.RunWriter) error {
					for i := range 20_000 {
						if err := w.Add(fmt.Appendf(nil, "key %08d", 3*i+r), 1, values(strings.Repeat("x", size(i)))); err != nil {
							return err
						}
					}
					return nil
				})
				if n := len(run.Samples); n < int(min(run.Bytes>>10, 128)) || n > 256 {
					t.Errorf("%d samples", n)
				}
				runs, samples, total = append(runs, path), append(samples, run.Samples...), total+run.Bytes
			}
			slices.SortFunc(samples, bytes.Compare)
			cuts := [][]byte{nil}
			for i := 1; i < ranges; i++ {
				cuts = append(cuts, samples[i*len(samples)/ranges])
			}
			cuts = append(cuts, nil)
			for i := range ranges {
				var n int64
				got, err := read(runs, cuts[i], cuts[i+1], 8, dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range got {
					n += int64(6 + len(g.values[0]))
				}
				if share := total / ranges; n > share*5/4+60_000 || n < share*3/5-60_000 {
					t.Errorf("range %d has %d bytes, of %d for each", i, n, share)
				}
			}
		})
	}
}

// A key has as many samples as it has bytes; long keys have none.
func TestSamplesOfUnevenKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.run")
	run := write(t, path, func(w *shuffle.RunWriter) error {
		for _, e := range []struct {
			key  string
			size int
		}{{"a", 100_000}, {"b", 1_000_000}, {strings.Repeat("c", 2000), 1_000_000}, {"d", 900_000}} {
			if err := w.Add([]byte(e.key), 1, values(strings.Repeat("x", e.size))); err != nil {
				return err
			}
		}
		return nil
	})
	n := map[string]int{}
	for _, s := range run.Samples {
		n[string(s)]++
	}
	if len(n) != 3 || n["b"] < 8*n["a"] || n["b"] < n["d"] || n["d"] < 5*n["a"] || n["a"] == 0 {
		t.Errorf("samples by key: %v", n)
	}
}

// Of large values one is in memory, however many runs have one.
func TestMergeMemory(t *testing.T) {
	const size, count = 4 << 20, 24
	dir := t.TempDir()
	big := strings.Repeat("v", size)
	var runs []string
	for r := range count {
		path := filepath.Join(dir, fmt.Sprintf("%d.run", r))
		write(t, path, func(w *shuffle.RunWriter) error { return w.Add([]byte("k"), 1, values(big)) })
		runs = append(runs, path)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := shuffle.Merge(runs, nil, nil, count, filepath.Join(dir, "m-"), goOn)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	n := 0
	for m.Next() {
		if v, _, err := shuffle.NextValue(m.Values()); err != nil || string(v) != big {
			t.Fatalf("value %d is another: %v", n, err)
		}
		n++
	}
	runtime.ReadMemStats(&after)
	if n != count || m.Err() != nil {
		t.Errorf("%d entries, want %d; %v", n, count, m.Err())
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 2*size {
		t.Errorf("merging took %d bytes, for values of %d", grown, size)
	}
}

func TestRunWriterRefusesKeysOutOfOrder(t *testing.T) {
	for _, ks := range [][2]string{{"b", "a"}, {"ab", "a"}, {"a\xff", "a\x00"}} {
		dir := t.TempDir()
		for _, size := range []int{1, 100_000} { // the second key is in the block of the first, or begins one
			w, err := shuffle.CreateRun(filepath.Join(dir, "r.run"))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Add([]byte(ks[0]), 1, values(strings.Repeat("x", size))); err != nil {
				t.Fatal(err)
			}
			if err := w.Add([]byte(ks[1]), 1, values("y")); err == nil {
				t.Errorf("Add(%q) after %q = nil, want an error", ks[1], ks[0])
			}
			if _, err := w.Commit(); err == nil {
				t.Error("Commit = nil after a failed Add")
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			checkEmpty(t, dir)
		}
	}
}

func TestRunOfNowhere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none", "r.run")
	if _, err := shuffle.CreateRun(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CreateRun: %v, want %v", err, fs.ErrNotExist)
	}
	_, err := shuffle.Merge([]string{missing}, nil, nil, 8, "", goOn)
	if d, ok := errors.AsType[*shuffle.DamagedRunError](err); !ok || d.Path != missing {
		t.Errorf("Merge: %v, want a DamagedRunError of %s", err, missing)
	}
}
