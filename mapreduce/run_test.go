package mapreduce_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/storage"
)

var thorough = flag.Bool("thorough", false, "run jobs in one way more, with many workers, over more records, and one that ends hundreds of them")

// shapes are the ways to run a job that must not be seen in its output; the last is tried with -thorough.
var shapes = []struct{ workers, partitions int }{{1, 1}, {2, 3}, {4, 7}, {8, 1}}

// runJob runs a job and returns its output. The directory of the output holds nothing else afterwards.
func runJob(t *testing.T, x mapreduce.Executor, cfg mapreduce.Config) (string, mapreduce.Stats, error) {
	t.Helper()
	return runShaped(t, shape.Shape{}, x, cfg)
}

// runShaped is runJob for a run that is cut up otherwise than by size.
func runShaped(t *testing.T, s shape.Shape, x mapreduce.Executor, cfg mapreduce.Config) (string, mapreduce.Stats, error) {
	t.Helper()
	dir := t.TempDir()
	cfg.Output = filepath.Join(dir, "out.tsv")
	if cfg.Stderr == nil {
		cfg.Stderr = &bytes.Buffer{}
	}
	stats, err := mapreduce.Run(shape.With(t.Context(), s), x, cfg)
	text, readErr := os.ReadFile(cfg.Output)
	if (err == nil) != (readErr == nil) {
		t.Errorf("Run: %v, and reading the output: %v", err, readErr)
	}
	var left []string
	if err == nil {
		left = []string{"out.tsv"}
	}
	if got := names(t, dir); !slices.Equal(got, left) {
		t.Errorf("the run left %q, want %q", got, left)
	}
	return string(text), stats, err
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return s
}

// sameEveryWay runs a job in all shapes, with both executors, in large runs and small, and returns the one output.
func sameEveryWay(t *testing.T, job string, cfg mapreduce.Config) (string, mapreduce.Stats) {
	t.Helper()
	var want string
	var first mapreduce.Stats
	tried := shapes[:3]
	switch {
	case testing.Short():
		tried = shapes[:2]
	case *thorough:
		tried = shapes
	}
	for i, s := range tried {
		for _, runBytes := range []int64{0, 1, 700} {
			for name, x := range map[string]mapreduce.Executor{"command": command(job), "local": jobs[job].local()} {
				if i > 0 && (name == "local" || runBytes != 1) {
					continue // each by itself was tried in the first shape
				}
				cfg.Workers, cfg.Partitions = s.workers, s.partitions
				got, stats, err := runShaped(t, shape.Shape{RunBytes: runBytes}, x, cfg)
				how := fmt.Sprintf("%s, %d workers, %d partitions, runs of %d bytes", name, s.workers, s.partitions, runBytes)
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if want == "" && i == 0 {
					want, first = got, stats
				}
				if got != want {
					t.Fatalf("%s: output differs:\n%s\nwant:\n%s", how, got, want)
				}
				if runBytes == 1 && stats.Spilled > 0 {
					// A run a pair, as far as pairs of a key are not combined into the run at hand.
					if least := min(10*int64(stats.MapTasks), stats.Emitted); int64(stats.Runs) < least {
						t.Errorf("%s: %d runs of %d tasks, want at least %d", how, stats.Runs, stats.MapTasks, least)
					}
				}
			}
		}
	}
	return want, first
}

// linesOfStore is how many lines the store of a job that is run in all shapes has.
func linesOfStore() int {
	if *thorough {
		return 120
	}
	return 40
}

func TestSameBytes(t *testing.T) {
	lines := linesOfStore()
	store := writeStore(t, lines)
	for _, job := range []string{"os", "ids", "trivial", "dates", "sums", "lists", "ordered", "exact", "latest", "extract", "records", "half"} {
		t.Run(job, func(t *testing.T) {
			out, stats := sameEveryWay(t, job, mapreduce.Config{Data: store})
			if out == "" || stats.Lines != int64(lines) || stats.Rows != int64(strings.Count(out, "\n")) || stats.Output != int64(len(out)) {
				t.Errorf("%d lines, %d rows, %d bytes for:\n%s", stats.Lines, stats.Rows, stats.Output, out)
			}
		})
	}
}

func TestSorted(t *testing.T) {
	store := writeStore(t, 300)
	out, _, err := runJob(t, jobs["ids"].local(), mapreduce.Config{Data: store, Partitions: 5})
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.SplitAfter(out, "\n"); !slices.IsSorted(lines[:len(lines)-1]) {
		t.Errorf("rows are not sorted:\n%s", out)
	}
}

func TestFilter(t *testing.T) {
	store := writeStore(t, 300)
	f, err := filter.ParseExpr("appUpdateChannel=nightly,beta submission_date=20140301,20140302")
	if err != nil {
		t.Fatal(err)
	}
	out, stats, err := runJob(t, jobs["dates"].local(), mapreduce.Config{Data: store, Filter: f})
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(out, "\n"); rows != 2 || stats.Files != 12 || stats.Lines == 0 || stats.Lines >= 300 {
		t.Errorf("%d rows of %d lines in %d files:\n%s", rows, stats.Lines, stats.Files, out)
	}
}

func TestNoInput(t *testing.T) {
	store := writeStore(t, 10)
	output := filepath.Join(t.TempDir(), "out.tsv")
	if err := os.WriteFile(output, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := mapreduce.Config{Data: store, Filter: filter.Filter{"appName": filter.OneOf("Netscape")}, Output: output}
	if _, err := mapreduce.Run(t.Context(), command("os"), cfg); !errors.Is(err, mapreduce.ErrNoInput) {
		t.Errorf("Run: %v, want ErrNoInput", err)
	}
	if text, err := os.ReadFile(output); err != nil || string(text) != "of yesterday" {
		t.Errorf("the output is now %q (%v)", text, err)
	}
}

// A counter of the job's own, skips, and pairs of bad records.
func TestAccount(t *testing.T) {
	store := t.TempDir()
	writeFile(t, store, "saved_session/Firefox/nightly/30.0a1/1.20140308.v2.log",
		"a\t{}\n"+"b\t{\n"+"no tab\n"+"c\t{}\n")
	out, stats, err := runJob(t, command("half"), mapreduce.Config{Data: store, MaxBad: mapreduce.Budget{N: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if out != "pairs\t4\n" || stats.Bad != 2 || stats.Mapped != 2 || stats.Emitted != 4 || stats.Counts["seen"] != 2 {
		t.Errorf("output %q, stats %+v", out, stats)
	}
	want := []mapreduce.BadRecord{
		{Path: "saved_session/Firefox/nightly/30.0a1/1.20140308.v2.log", Line: 2, Offset: 5, Class: "error", Reason: "unexpected end of JSON input"},
		{Path: "saved_session/Firefox/nightly/30.0a1/1.20140308.v2.log", Line: 3, Offset: 9, Class: "line", Reason: "no TAB between key and value"},
	}
	if !slices.Equal(stats.BadRecords, want) {
		t.Errorf("bad records %+v, want %+v", stats.BadRecords, want)
	}
}

func TestBudget(t *testing.T) {
	store := t.TempDir()
	writeFile(t, store, "saved_session/Firefox/nightly/30.0a1/1.20140308.v2.log", strings.Repeat("a\t{}\n", 97)+"x\nx\n")
	writeFile(t, store, "saved_session/Firefox/nightly/30.0a1/2.20140308.v2.log", "x\n")
	for _, test := range []struct {
		budget string
		ok     bool
	}{{"0", false}, {"2", false}, {"3", true}, {"0%", false}, {"2.9%", false}, {"3%", true}, {"100%", true}} {
		b, err := mapreduce.ParseBudget(test.budget)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = runJob(t, jobs["ids"].local(), mapreduce.Config{Data: store, MaxBad: b})
		bad, isTask := errors.AsType[*mapreduce.TaskError](err)
		if (err == nil) != test.ok || err != nil && (!isTask || !bad.BadData || bad.Line == 0) {
			t.Errorf("with budget %s: %#v", test.budget, err)
		}
	}
	for _, s := range []string{"", "-1", "1.5", "101%", "%", "NaN%"} {
		if _, err := mapreduce.ParseBudget(s); err == nil {
			t.Errorf("ParseBudget(%q) succeeded", s)
		}
	}
}

func TestInUse(t *testing.T) {
	store := writeStore(t, 10)
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	var inner []error
	job := counter(nil)
	cfg := mapreduce.Config{Data: store, Output: filepath.Join(dir, "out.tsv"), Workers: 1}
	second := jobs["os"].local()
	job.Map = mapInto(func() {
		for _, name := range []string{cfg.Output, filepath.Join(link, "out.tsv")} {
			if len(inner) < 2 {
				cfg := cfg
				cfg.Output = name
				_, err := mapreduce.Run(context.Background(), second, cfg)
				inner = append(inner, err)
			}
		}
	})
	if _, err := mapreduce.Run(t.Context(), mapreduce.Local(job), cfg); err != nil {
		t.Fatal(err)
	}
	for _, err := range inner {
		use, ok := errors.AsType[*mapreduce.InUseError](err)
		if !ok || !strings.Contains(use.Holder, fmt.Sprintf("process %d, since ", os.Getpid())) {
			t.Errorf("a run inside a run with the same output: %v", err)
		}
	}
}

// A run that is cancelled leaves nothing.
func TestCancel(t *testing.T) {
	store := writeStore(t, 100)
	for _, name := range []string{"local", "command"} {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		cfg := mapreduce.Config{Data: store, Output: filepath.Join(dir, "out.tsv"), Stderr: &bytes.Buffer{}}
		x := command("os")
		if name == "local" {
			job := counter(nil)
			job.Map = mapInto(cancel)
			x = mapreduce.Local(job)
		} else {
			cancel()
		}
		if _, err := mapreduce.Run(ctx, x, cfg); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Run: %v, want Canceled", name, err)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
		cancel()
	}
}

// cancelWriter takes one write, and cancels the run.
type cancelWriter struct {
	cancel func()
	writes atomic.Int64
}

func (w *cancelWriter) Write(p []byte) (int, error) {
	w.writes.Add(1)
	w.cancel()
	return len(p), nil
}

// A run that is cancelled while its rows are joined does not write on.
func TestCancelJoin(t *testing.T) {
	store := t.TempDir()
	writeFile(t, store, aFile, strings.Repeat("a\t"+strings.Repeat("x", 1<<20)+"\n", 8))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &cancelWriter{cancel: cancel}
	job := mapreduce.Job[string, []byte]{Map: func(rec storage.Record, out *mapreduce.Emitter[string, []byte]) error {
		out.Emit("a", rec.Value)
		return nil
	}}
	if _, err := mapreduce.Run(ctx, mapreduce.Local(job), mapreduce.Config{Data: store, Stdout: out}); !errors.Is(err, context.Canceled) || out.writes.Load() != 1 {
		t.Errorf("%v after %d writes, want Canceled after 1", err, out.writes.Load())
	}
}

func writeFile(t *testing.T, store, path, text string) {
	t.Helper()
	name := filepath.Join(store, path)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// stalled is a writer whose reader has stopped reading.
type stalled struct{ reached, ended chan struct{} }

func (s stalled) Write([]byte) (int, error) {
	close(s.reached)
	<-s.ended
	return 0, io.ErrClosedPipe
}

func TestCancelWhileStreaming(t *testing.T) {
	s := stalled{make(chan struct{}), make(chan struct{})}
	defer close(s.ended)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-s.reached
		cancel()
	}()
	_, err := mapreduce.Run(ctx, jobs["ids"].local(), mapreduce.Config{Data: culpritStore(t), Stdout: s})
	if err != context.Canceled {
		t.Errorf("Run: %v, want %v", err, context.Canceled)
	}
}
