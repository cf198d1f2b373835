//go:build unix

package worker_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

func TestNoJobProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, arg string
		reason, stderr  string
	}{
		{"missing", filepath.Join(dir, "none"), "", "there is no such file", ""},
		{"empty name", "", "", "the name of a job program is empty", ""},
		{"directory", dir, "", "it is a directory, not a job program", ""},
		{"not executable", file("data", "x", 0o644), "", "it is not executable", ""},
		{"text", file("text", "hello\n", 0o755), "", "it is not a program for", ""},
		{"empty", file("empty", "", 0o755), "", "it is not a program for", ""},
		{"no interpreter", file("script", "#!/nonexistent/sh\n", 0o755), "", "the interpreter or loader that it names is missing", ""},
		{"other program", "/bin/true", "", "it is not a job program: it exited before calling mapreduce.Serve", ""},
		{"script", file("talk", "#!/bin/sh\necho what; exit 4\n", 0o755), "", "it exited before calling mapreduce.Serve (exit status 4)", "what"},
		{"exits", self, "exit", "it exited before calling mapreduce.Serve (exit status 3)", "no table of countries: give --countries FILE"},
		{"panics", self, "panic", "it exited before calling mapreduce.Serve (exit status 2)", "panic: no such country"},
		{"other version", self, "version", "it was built with another version of mr (worker protocol 99, not 4)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t, c.arg)
			o.Path = c.path
			p, err := worker.Start(t.Context(), o)
			e, ok := errors.AsType[*worker.ProgramError](err)
			if p != nil || !ok || !strings.HasPrefix(e.Reason, c.reason) || !strings.HasPrefix(e.Stderr, c.stderr) {
				t.Fatalf("Start: %#v, want a ProgramError: %s %q", err, c.reason, c.stderr)
			}
			if known := notOpened(c.path); known != (c.name == "missing" || c.name == "empty name" ||
				c.name == "directory" || c.name == "not executable") {
				t.Errorf("Check: known before the start is %v", known)
			}
		})
	}
}

func TestLostAtStart(t *testing.T) {
	t.Parallel()
	t.Run("dies", func(t *testing.T) {
		_, err := worker.Start(t.Context(), options(t, "die"))
		if e, ok := errors.AsType[*worker.LostError](err); !ok || !e.Start || e.Reason != "signal: killed" {
			t.Errorf("Start: %v, want it lost at the start", err)
		}
	})
	t.Run("hangs", func(t *testing.T) {
		o := options(t, "hang")
		o.StartTimeout = 300 * time.Millisecond
		within(t, time.Second, func() {
			_, err := worker.Start(t.Context(), o)
			e, ok := errors.AsType[*worker.LostError](err)
			if !ok || !e.Start || e.Reason != "it did not call mapreduce.Serve within 300ms" || e.Stderr != "loading" {
				t.Errorf("Start: %#v, want it lost at the start", err)
			}
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		within(t, time.Second, func() {
			if _, err := worker.Start(ctx, options(t, "hang")); err != context.DeadlineExceeded {
				t.Errorf("Start: %v, want %v", err, context.DeadlineExceeded)
			}
		})
	})
	t.Run("no socket directory", func(t *testing.T) {
		o := options(t)
		o.SocketDir = filepath.Join(t.TempDir(), "none")
		within(t, time.Second, func() {
			if _, err := worker.Start(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("Start: %v, want it to say that the directory is missing", err)
			}
		})
	})
}

func TestServeByHand(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"", "MR_WORKER=c0a86f4e5d6b4c3f"} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), byHandEnv+"=1", env)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(string(out), "\n") != 3 ||
			!strings.Contains(string(out), "mr run --data STORE ./"+filepath.Base(self)+"\n") {
			t.Errorf("%q: %v, printed %q, want three lines that explain", env, err, out)
		}
	}
}

func notOpened(path string) bool {
	p, err := worker.Open(path)
	if err == nil {
		p.Close()
	}
	return err != nil
}

// A program that is kept open starts whatever numbers files have: those of several processes that start at once are between
// those that a new process is given before it executes the program.
func TestManyStartAtOnce(t *testing.T) {
	o := opened(t)
	for held := range 12 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				p, err := worker.Start(t.Context(), o)
				if err == nil {
					p.Stop()
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatalf("with %d more files open: %v", held+1, err)
		}
	}
}
