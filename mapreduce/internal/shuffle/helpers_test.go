package shuffle_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

// A group is a key and its values, as the model has them.
type group struct {
	key    string
	values []string
}

// A model is what a table or a run holds, in the simplest form.
type model map[string][]string

func (m model) add(key string, values ...string) { m[key] = append(m[key], values...) }

// groups returns the groups with low <= key < high in key order; nil is open.
func (m model) groups(low, high []byte) []group {
	var gs []group
	for k, vs := range m {
		if k >= string(low) && (high == nil || k < string(high)) {
			gs = append(gs, group{k, vs})
		}
	}
	slices.SortFunc(gs, func(a, b group) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
	return gs
}

func (m model) pairs() (n int64) {
	for _, vs := range m {
		n += int64(len(vs))
	}
	return n
}

// read merges runs and gathers what they hold.
func read(runs []string, low, high []byte, fanIn int, dir string) (gs []group, err error) {
	m, err := shuffle.Merge(runs, low, high, fanIn, filepath.Join(dir, "m-"), goOn)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	for m.Next() {
		key := string(m.Key())
		if len(gs) == 0 || gs[len(gs)-1].key != key {
			gs = append(gs, group{key: key})
		}
		g := &gs[len(gs)-1]
		n := int64(0)
		for rest := m.Values(); len(rest) > 0; n++ {
			var v []byte
			if v, rest, err = shuffle.NextValue(rest); err != nil {
				return nil, err
			}
			g.values = append(g.values, string(v))
		}
		if n != m.Count() {
			return nil, fmt.Errorf("entry of %q has %d values, Count says %d", key, n, m.Count())
		}
	}
	if m.Next() {
		return nil, errors.New("Next is true after the end")
	}
	return gs, m.Err()
}

// check compares groups with those of a model, value for value.
func check(t rapid.TB, got, want []group) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g.key != w.key {
			t.Fatalf("key %d = %.80q, want %.80q", i, g.key, w.key)
		}
		if !slices.Equal(g.values, w.values) {
			t.Fatalf("values of %.80q differ: %s, want %s", g.key, sketch(g.values), sketch(w.values))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d keys, want %d", len(got), len(want))
	}
}

func sketch(values []string) string {
	s := fmt.Sprint(len(values), " values:")
	for _, v := range values[:min(len(values), 20)] {
		s += fmt.Sprintf(" %.8q(%d)", v, len(v))
	}
	return s
}

// write writes entries to a new run by f.
func write(t rapid.TB, path string, f func(w *shuffle.RunWriter) error) shuffle.Run {
	t.Helper()
	w, err := shuffle.CreateRun(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := f(w); err != nil {
		t.Fatal(err)
	}
	run, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != run.Bytes || run.Path != path {
		t.Fatalf("run is %+v, file has %v bytes (%v)", run, info.Size(), err)
	}
	return run
}

// values encodes values as an entry holds them.
func values(vs ...string) []byte {
	var b []byte
	for _, v := range vs {
		n := len(v)
		for ; n >= 0x80; n >>= 7 {
			b = append(b, byte(n)|0x80)
		}
		b = append(append(b, byte(n)), v...)
	}
	return b
}

// keys draws distinct keys, none a prefix of another; one may be empty if it is alone.
func keys(t *rapid.T, most int) []string {
	if rapid.IntRange(0, 20).Draw(t, "empty key") == 0 {
		return []string{""}
	}
	prefix := rapid.SampledFrom([]int{0, 0, 1, 7, 8, 9, 16, 40, 1000, 40_000})
	key := rapid.Custom(func(t *rapid.T) string {
		k := bytes.Repeat([]byte{'p'}, prefix.Draw(t, "prefix"))
		for _, c := range rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 'p', 255}), 0, 12).Draw(t, "suffix") {
			if k = append(k, c); c == 0 {
				k = append(k, 255)
			}
		}
		return string(append(k, 0, 1))
	})
	return rapid.SliceOfNDistinct(key, 1, most, rapid.ID[string]).Draw(t, "keys")
}

// valueMaker draws sizes of values; the values tell where they come from.
func valueMaker(sizes ...int) func(t *rapid.T) string {
	n := 0
	gen := rapid.SampledFrom(sizes)
	return func(t *rapid.T) string {
		n++
		size := gen.Draw(t, "size")
		number := strconv.Itoa(n)
		return (strings.Repeat("0", max(size-len(number), 0)) + number)[:size]
	}
}

// checkEmpty fails unless dir has nothing in it.
func checkEmpty(t rapid.TB, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left)+len(hidden) > 0 {
		t.Fatalf("left behind: %q %q (%v)", left, hidden, err)
	}
}

// goOn lets Merge go on.
func goOn() error { return nil }
