package mapreduce_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
)

// A damage is done to a file of a run, between its writing and its reading.
type damage struct {
	job  string
	file string // pattern below the work directory
	n    int    // which of them
}

// flip damages one file that a run has written for itself: a bit of it, or all. Each file has its turn.
func (x *torture) flip() (string, bool) {
	if len(x.flips) == 0 {
		x.flips = []damage{{job: "lists", file: "map-*.run"}, {job: "ordered", file: "map-*.run"}, {job: "os", file: "map-*.run"}, {job: "lists", file: "reduce-*.rows"}, {job: "extract", file: "map-*.rows"}}
	}
	d := &x.flips[0]
	x.flips = append(x.flips[1:], x.flips[0])
	d = &x.flips[len(x.flips)-1]

	work := x.TempDir()
	what := ""
	harm := func() { what = x.harm(filepath.Join(work, "*", d.file), d.n) }
	s := shape.Shape{RunBytes: 64 << 10, TaskFiles: 4}
	out := &firstWrite{}
	if filepath.Ext(d.file) == ".rows" {
		out.do = harm
	} else {
		phase := 0
		s.Tasks = func(n int) []int { // before the map tasks, and before the reduce tasks
			if phase++; phase == 2 {
				harm()
			}
			order := make([]int, n)
			for i := range order {
				order[i] = i
			}
			return order
		}
	}
	cfg := mapreduce.Config{Data: x.store, Format: "csv", Stdout: out, WorkDir: work, Workers: 2, Partitions: 4}
	x.runs++
	_, err := mapreduce.Run(shape.With(x.Context(), s), jobs[d.job].local(), cfg)
	d.n++
	if what == "" {
		x.Fatalf("%s: no %s was harmed (%v)", d.job, d.file, err)
	}
	if left := names(x.T, work); len(left) > 0 {
		x.Fatalf("%s: %s: left %q", d.job, what, left)
	}
	if err != nil {
		return "failed and said why", true
	}
	want := &firstWrite{}
	cfg.Stdout, s.Tasks = want, nil
	if _, err := mapreduce.Run(shape.With(x.Context(), s), jobs[d.job].local(), cfg); err != nil {
		x.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want.Bytes()) {
		x.Fatalf("%s: %s: the run succeeds with a wrong output", d.job, what)
	}
	return "done", true
}

// harm damages the n-th of some files, and says how.
func (x *torture) harm(pattern string, n int) string {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return ""
	}
	name := files[n%len(files)]
	text, err := os.ReadFile(name)
	if err != nil {
		x.Fatal(err)
	}
	what := filepath.Base(name)
	switch {
	case len(text) == 0:
		return what + " is empty"
	case rand.IntN(8) == 0:
		if err := os.Remove(name); err != nil {
			x.Fatal(err)
		}
		return what + " removed"
	case rand.IntN(8) == 0:
		text = text[:rand.IntN(len(text))]
		what += " cut short"
	default:
		at := rand.IntN(len(text))
		if rand.IntN(2) == 0 {
			at = len(text) - 1 - rand.IntN(min(len(text), 300)) // in the index, most likely
		}
		text[at] ^= 1 << rand.IntN(8)
		what += fmt.Sprintf(" has a flipped bit in byte %d of %d", at, len(text))
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		x.Fatal(err)
	}
	return what
}

// firstWrite does something before its first write: the header of the rows, before any of these is read.
type firstWrite struct {
	bytes.Buffer
	do func()
}

func (w *firstWrite) Write(b []byte) (int, error) {
	if w.do != nil {
		w.do()
		w.do = nil
	}
	return w.Buffer.Write(b)
}
