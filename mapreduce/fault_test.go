package mapreduce_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/storage"
)

const aFile = "saved_session/Firefox/nightly/30.0a1/1.20140308.v2.log"

// culpritStore has three records, the second of which is the one that the faulty jobs stumble over.
func culpritStore(t *testing.T) string {
	t.Helper()
	store := t.TempDir()
	writeFile(t, store, aFile, "innocent\t{}\nculprit\t{\"info\":{}}\nbystander\t{}\n")
	return store
}

func TestFaultsOfTheJob(t *testing.T) {
	store := culpritStore(t)
	for _, test := range []struct {
		job   string
		bad   bool     // bad data, which the budget is about
		parts []string // of the message
	}{
		{"panics", true, []string{aFile + ":2: panic: runtime error: index out of range [7] with length 7 (jobs_test.go:"}},
		{"fails", true, []string{aFile + ":2: culprit is not to my liking"}},
		{"exits", true, []string{aFile + ":2: the job ended its process: exit status 3"}},
		{"crashes", true, []string{aFile + ":2: the job's process crashed: panic: behind the back of Map"}},
		{"goexits", true, []string{aFile + ":2: the job's process crashed: fatal error: the job called runtime.Goexit"}},
		{"recurses", true, []string{aFile + ":2: the job's process crashed: fatal error: stack overflow"}},
		{"races", true, []string{aFile + ":2: the job's process crashed: fatal error: concurrent map writes"}},
		{"dies-at-times", false, []string{"map task 0 failed 4 times, each time with its worker: worker lost: exit status 5 (at " + aFile + ":2)"}},
		{"overflows", false, []string{"sum overflows: 4611686018427387904 + 4611686018427387904 does not fit in int"}},
		{"reduce-fails", false, nil},
		{"reads-twice", false, []string{"reducing key \"b\": panic: the values of a key can be ranged over once"}},
		{"tab", false, []string{aFile + ":1: cell 2 of a row has a TAB, CR or LF"}},
		{"bad-key", false, []string{"type of keys: "}}, // see also TestJobCannotRun
	} {
		if test.job == "reduce-fails" {
			continue // needs seven lines, see below
		}
		t.Run(test.job, func(t *testing.T) {
			_, _, err := runJob(t, command(test.job), mapreduce.Config{Data: store, Workers: 2})
			checkFault(t, err, test.bad, test.parts)
		})
	}
	t.Run("reduce-fails", func(t *testing.T) {
		store := t.TempDir()
		writeFile(t, store, aFile, strings.Repeat("record\t{}\n", 7))
		_, _, err := runJob(t, command("reduce-fails"), mapreduce.Config{Data: store})
		checkFault(t, err, false, []string{"reducing key \"r\": seven is right out"})
		_, _, err = runJob(t, command("reduce-exits"), mapreduce.Config{Data: store})
		checkFault(t, err, false, []string{"reduce task 0 failed 4 times, each time with its worker: worker lost: exit status 6 (at key \"r\")"})
	})
}

func checkFault(t *testing.T, err error, bad bool, parts []string) {
	t.Helper()
	if err == nil {
		t.Fatal("the run succeeded")
	}
	task, _ := errors.AsType[*mapreduce.TaskError](err)
	if got := task != nil && task.BadData; got != bad {
		t.Errorf("bad data: %v, want %v: %v", got, bad, err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("message is %q, want in it %q", err, p)
		}
	}
}

// A panic in Map is a bad record like any other.
func TestPanicWithinBudget(t *testing.T) {
	out, stats, err := runJob(t, command("panics"), mapreduce.Config{Data: culpritStore(t), MaxBad: mapreduce.Budget{N: 1}})
	if err != nil || out != "records\t2\n" || stats.Bad != 1 {
		t.Errorf("output %q, %d bad, %v", out, stats.Bad, err)
	}
}

// The last words of a process are shown when it prints them, and not again with the error.
func TestLastWords(t *testing.T) {
	var stderr bytes.Buffer
	_, _, err := runJob(t, command("exits"), mapreduce.Config{Data: culpritStore(t), Stderr: &stderr})
	if err == nil || strings.Contains(err.Error(), "cheese") || strings.Count(stderr.String(), "out of cheese\n") != 2 {
		t.Errorf("error %v, printed %q", err, stderr.String())
	}
}

func TestJobPrints(t *testing.T) {
	var stderr bytes.Buffer
	out, _, err := runJob(t, command("prints"), mapreduce.Config{Data: culpritStore(t), Stderr: &stderr})
	if err != nil || out != "records\t3\n" || stderr.Len() < 1<<20 {
		t.Errorf("output %q, %d bytes printed, %v", out, stderr.Len(), err)
	}
}

// A worker that gets no further is stopped, and in the end the run.
func TestStuck(t *testing.T) {
	_, _, err := runJob(t, command("sleeps"), mapreduce.Config{Data: culpritStore(t), RecordTimeout: 100 * time.Millisecond})
	checkFault(t, err, true, []string{aFile + ":2: no progress for 100ms"})
	if e, _ := errors.AsType[*mapreduce.TaskError](err); e == nil || !strings.Contains(e.Detail, "time.Sleep(") || !strings.Contains(e.Detail, "jobs_test.go:") {
		t.Errorf("it does not say where it stood: %#v", err)
	}
}

func TestNoJob(t *testing.T) {
	notes := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(notes, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{notes + "-none", notes, "/bin/true", t.TempDir()} {
		_, _, err := runJob(t, mapreduce.Command(name), mapreduce.Config{Data: culpritStore(t)})
		if _, ok := errors.AsType[*mapreduce.ProgramError](err); !ok {
			t.Errorf("%s: %v, want a *ProgramError", name, err)
		}
	}
}

// A run goes on with the program it began with, even if a worker is lost after the file was replaced.
func TestProgramReplaced(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "job")
	text, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, text, 0o700); err != nil {
		t.Fatal(err)
	}
	other := program + ".new"
	if err := os.WriteFile(other, []byte("#!/bin/false\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	marker := filepath.Join(t.TempDir(), "died")
	x := mapreduce.Command(program, "replaces-itself", other, program, marker)
	out, stats, err := runJob(t, x, mapreduce.Config{Data: culpritStore(t), Workers: 1})
	if err != nil || out != "records\t3\n" || stats.LostWorkers != 1 {
		t.Errorf("output %q, %d workers lost, %v", out, stats.LostWorkers, err)
	}
}

// What an output may be, and what stays of the one that is replaced.
func TestOutputPlace(t *testing.T) {
	store := culpritStore(t)
	dir := t.TempDir()
	real, link, loose := filepath.Join(dir, "real.tsv"), filepath.Join(dir, "link.tsv"), filepath.Join(dir, "loose.tsv")
	if err := errors.Join(os.WriteFile(real, []byte("old"), 0o600), os.Chmod(real, 0o640), os.Symlink("real.tsv", link), os.Symlink("to.tsv", loose)); err != nil {
		t.Fatal(err)
	}
	for path, at := range map[string]string{link: real, loose: filepath.Join(dir, "to.tsv")} {
		if _, err := mapreduce.Run(t.Context(), jobs["ids"].local(), mapreduce.Config{Data: store, Output: path}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(at)
		if info, statErr := os.Lstat(path); err != nil || statErr != nil || info.Mode()&os.ModeSymlink == 0 || !strings.Contains(string(text), "culprit") {
			t.Errorf("%s: %q (%v, %v)", path, text, err, statErr)
		}
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the output's mode is now %v (%v)", info.Mode(), err)
	}
	for _, path := range []string{"/dev/null", "/dev/stdout", dir} {
		_, err := mapreduce.Run(t.Context(), jobs["ids"].local(), mapreduce.Config{Data: store, Output: path})
		if _, ok := errors.AsType[*mapreduce.ConfigError](err); !ok {
			t.Errorf("%s: %v, want a *ConfigError", path, err)
		}
	}
}

// A key that is too long, and an emitter that is used too late.
func TestEmitterMisused(t *testing.T) {
	cfg := mapreduce.Config{Data: culpritStore(t), Workers: 1}
	_, _, err := runJob(t, jobs["long-key"].local(), cfg)
	checkFault(t, err, true, []string{"a key of 1048578 bytes is longer than 1 MiB"})
	_, _, err = runJob(t, jobs["late"].local(), cfg)
	checkFault(t, err, false, []string{"the emitter is used after Map has returned"})
}

// A job that never comes to Serve is given up after one deadline.
func TestHangAtStart(t *testing.T) {
	begin := time.Now()
	_, _, err := runJob(t, command("hangs-at-start"), mapreduce.Config{Data: culpritStore(t), StartTimeout: 200 * time.Millisecond})
	checkFault(t, err, false, []string{"worker did not start", "did not call mapreduce.Serve within 200ms"})
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Rows that change between their writing and their joining are no output: here those of two reduce tasks, which wait for the first.
func TestDamagedReducePart(t *testing.T) {
	store, work := t.TempDir(), t.TempDir()
	for i := range 100 {
		writeFile(t, store, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i), fmt.Sprintf("%02d\t{}\n", i))
	}
	run := func(damage func(name string) error) (string, mapreduce.Stats, error) {
		job := mapreduce.Job[string, int]{
			Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
				out.Emit(string(rec.Key), 1)
				return nil
			},
			Reduce: func(key string, _ iter.Seq[int], out *mapreduce.Rows) error {
				out.Add(key)
				waiting, err := filepath.Glob(filepath.Join(work, "*", "reduce-*.rows"))
				for _, name := range waiting {
					err = errors.Join(err, damage(name))
				}
				return err
			},
		}
		s := shape.Shape{TaskFiles: 10, Tasks: func(n int) []int {
			order := make([]int, n)
			for i := range order {
				order[i] = (i + 1) % n
			}
			return order
		}}
		out, stats, err := runShaped(t, s, mapreduce.Local(job), mapreduce.Config{Data: store, Workers: 1, Partitions: 3, WorkDir: work})
		if stats.ReduceTasks != 3 {
			t.Errorf("%d reduce tasks, want 3", stats.ReduceTasks)
		}
		return out, stats, err
	}
	waiting := 0
	out, _, err := run(func(string) error { waiting++; return nil })
	if lines := strings.SplitAfter(out, "\n"); err != nil || waiting == 0 || len(lines) != 101 || !slices.IsSorted(lines[:100]) {
		t.Errorf("%v, %d lines of output, %d times there were rows that waited", err, len(lines), waiting)
	}
	_, stats, err := run(func(name string) error { return os.WriteFile(name, []byte("raw"), 0o600) })
	checkFault(t, err, false, []string{"joining output: ", "rows is damaged: it has 3 bytes"})
	if stats.Output == 0 || stats.Output >= int64(len(out)) {
		t.Errorf("%d bytes of output before the damaged part, of %d without it", stats.Output, len(out))
	}
}

// Likewise those of map tasks.
func TestDamagedPart(t *testing.T) {
	store, work := t.TempDir(), t.TempDir()
	for i := range 40 { // two tasks
		writeFile(t, store, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i), "a\t{}\n")
	}
	job := mapreduce.Job[string, int]{Map: func(_ storage.Record, out *mapreduce.Emitter[string, int]) error {
		parts, err := filepath.Glob(filepath.Join(work, "*", "map-*.rows"))
		if err != nil {
			return err
		}
		out.Emit("row", len(parts))
		for _, name := range parts {
			if err := os.WriteFile(name, []byte("raw"), 0o600); err != nil {
				return err
			}
		}
		return nil
	}}
	_, _, err := runJob(t, mapreduce.Local(job), mapreduce.Config{Data: store, Workers: 1, WorkDir: work})
	checkFault(t, err, false, []string{"joining output: ", "rows is damaged: it has 3 bytes"})
}

func TestOutputIsInput(t *testing.T) {
	store := culpritStore(t)
	output := filepath.Join(store, aFile)
	_, err := mapreduce.Run(t.Context(), jobs["ids"].local(), mapreduce.Config{Data: store, Output: output})
	if _, ok := errors.AsType[*mapreduce.ConfigError](err); !ok {
		t.Errorf("%v, want a *ConfigError", err)
	}
}

func TestConfig(t *testing.T) {
	store := culpritStore(t)
	many := t.TempDir()
	for i := range 200 {
		writeFile(t, many, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i), "a\t{}\n")
	}
	// As many bytes as one worker needs beside a hundred files.
	_, _, err := runJob(t, jobs["ids"].local(), mapreduce.Config{Data: many, Memory: 128 << 20, MaxRecord: 43<<20 - 256*100})
	if e, ok := errors.AsType[*mapreduce.ConfigError](err); !ok || !strings.Contains(e.Msg, "is too little for records of up to 45063168 bytes in 200 files") {
		t.Errorf("%v, want a *ConfigError about 200 files", err)
	}
	for _, cfg := range []mapreduce.Config{{Workers: -1}, {Partitions: -1}, {Memory: 1 << 20}, {MaxRecord: -1}, {WorkDir: "/none"}} {
		cfg.Data = store
		_, _, err := runJob(t, jobs["ids"].local(), cfg)
		if _, ok := errors.AsType[*mapreduce.ConfigError](err); !ok {
			t.Errorf("%v, want a *ConfigError", err)
		}
	}
}
