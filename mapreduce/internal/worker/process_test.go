//go:build unix

package worker_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

func TestProcessAnswers(t *testing.T) {
	p := start(t, options(t))
	if p.Pid() == os.Getpid() || !alive(p.Pid()) {
		t.Errorf("Pid() = %d, want a process of its own", p.Pid())
	}

	d, err := p.Setup(t.Context(), worker.Setup{Data: "/da\xffta", Schema: []byte("{}"), Format: "tsv", RecordBytes: 16 << 20})
	want := worker.Description{Key: "string", Value: "int", MapOnly: true, Columns: []string{"/da\xffta", "{}", "tsv"}}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Fatalf("Setup = %+v, %v, want %+v", d, err, want)
	}

	var last worker.Progress
	task := worker.MapTask{ID: 3, Prefix: "x", Files: []worker.File{{Path: "a\xff/b", Size: 9}, {Path: "c"}}, MaxBad: -1}
	got, err := p.Map(t.Context(), task, func(p worker.Progress) { last = p })
	wantMap, _ := job{}.Map(t.Context(), task, func(worker.Progress) {})
	if err != nil || !reflect.DeepEqual(got, wantMap) {
		t.Errorf("Map = %+v, %v, want %+v", got, err, wantMap)
	}
	if want := (worker.Progress{Steps: 7, Records: 2, Bytes: -1}); last != want {
		t.Errorf("last progress %+v, want %+v", last, want)
	}

	for _, c := range []struct{ low, high []byte }{{nil, nil}, {[]byte{}, []byte("m")}, {[]byte("m"), nil}} {
		r, err := p.Reduce(t.Context(), worker.ReduceTask{
			Prefix: "y", Low: c.low, High: c.high, Runs: []worker.Run{{Pairs: 8, Samples: [][]byte{{1}}}},
		}, nil)
		want := worker.ReduceResult{
			Rows:     worker.Rows{Path: "y", Bytes: 1},
			Counters: worker.Counters{"low": open(c.low), "high": open(c.high), "samples": 0, "pairs": 8},
		}
		if err != nil || !reflect.DeepEqual(r, want) {
			t.Errorf("Reduce(%q, %q) = %+v, %v, want %+v", c.low, c.high, r, err, want)
		}
	}
}

func TestErrorsTravel(t *testing.T) {
	t.Parallel()
	p := start(t, options(t))
	_, err := p.Setup(t.Context(), worker.Setup{Format: "fail"})
	if e, ok := errors.AsType[*worker.TaskError](err); !ok || e.Msg != "key type func() is not supported" {
		t.Errorf("Setup: %v, want a TaskError", err)
	}
	_, err = p.Map(t.Context(), worker.MapTask{Prefix: "bad"}, nil)
	want := worker.TaskError{BadData: true, Path: "a/b\xff.log", Line: 17, Msg: "bad \xfe value", Detail: "goroutine 1"}
	if e, ok := errors.AsType[*worker.TaskError](err); !ok || *e != want {
		t.Errorf("Map: %#v, want %#v", err, want)
	}
	_, err = p.Map(t.Context(), worker.MapTask{Prefix: "disk"}, nil)
	if _, lost := errors.AsType[*worker.LostError](err); lost || err == nil || err.Error() != "no space left on device" {
		t.Errorf("Map: %v, want the worker's error", err)
	}
	_, err = p.Map(t.Context(), worker.MapTask{Prefix: "large 70000000"}, nil)
	if _, lost := errors.AsType[*worker.LostError](err); lost || err == nil || !strings.Contains(err.Error(), "larger than a message") {
		t.Errorf("Map with a result of 70 MB: %v, want an error about its size", err)
	}
	r, err := p.Map(t.Context(), worker.MapTask{Prefix: "large 60000000"}, nil)
	if err != nil || len(r.Runs[0].Samples[0]) != 60000000 {
		t.Errorf("Map with a result of 60 MB: %v", err)
	}
	if _, err = p.Map(t.Context(), worker.MapTask{}, nil); err != nil {
		t.Errorf("Map after errors: %v", err)
	}
}

func TestLargeTask(t *testing.T) {
	t.Parallel()
	p := start(t, options(t))
	task := worker.MapTask{Files: make([]worker.File, 200_000)}
	for i := range task.Files {
		task.Files[i] = worker.File{Path: "saved_session/Firefox/nightly/27.0a1/20131101030204.20131102.v2.log.0123456789abcdef.zst", Size: int64(i)}
	}
	r, err := p.Map(t.Context(), task, nil)
	if err != nil || len(r.Runs) != len(task.Files) {
		t.Errorf("Map of %d files: %d runs, %v", len(task.Files), len(r.Runs), err)
	}
}

func TestLost(t *testing.T) {
	t.Parallel()
	place := worker.Place{Path: "b", Line: 17, Offset: 4711}
	for _, c := range []struct {
		do, reason, stderr string
		class              worker.Class
		silence, stall     time.Duration // 0 is none
	}{
		{do: "exit 3", class: worker.Exit, reason: "exit status 3"},
		{do: "exit 0", class: worker.Exit, reason: "exit status 0"},
		{do: "goexit", class: worker.Crash, reason: "exit status 2", stderr: "fatal error: the job called runtime.Goexit"},
		{do: "kill", class: worker.Killed, reason: "signal: killed"},
		{do: "panic", class: worker.Crash, reason: "exit status 2", stderr: "panic: no such country"},
		{do: "stop", class: worker.Gone, reason: "no sign of life for 900ms", silence: 900 * time.Millisecond},
		{do: "stuck", class: worker.Hang, reason: "no progress for 1.1s", stall: 1100 * time.Millisecond},
		{do: "spin", class: worker.Hang, reason: "no progress for 1.1s", stall: 1100 * time.Millisecond},
	} {
		t.Run(c.do, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.SilenceTimeout, o.StallTimeout = cmp.Or(c.silence, time.Minute), cmp.Or(c.stall, time.Minute)
			p := start(t, o)
			_, err := p.Map(t.Context(), worker.MapTask{Prefix: c.do, Files: []worker.File{{Path: "a"}, {Path: "b"}}}, nil)
			e, ok := errors.AsType[*worker.LostError](err)
			if !ok || e.Start || e.Class != c.class || e.Reason != c.reason || !strings.HasPrefix(e.Stderr, c.stderr) {
				t.Fatalf("Map: %#v, want it lost: %s, %s", err, c.class, c.reason)
			}
			if e.At == nil || *e.At != place {
				t.Errorf("lost at %+v, want %+v", e.At, place)
			}
			if stood := strings.Contains(e.Stack, "worker_test.job.Map("); stood != (c.class == worker.Hang) {
				t.Errorf("where it stood: %q", e.Stack)
			}
			if alive(p.Pid()) {
				t.Error("the process still runs")
			}
			_, err = p.Map(t.Context(), worker.MapTask{}, nil)
			if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Class != c.class || e.Reason != c.reason || e.At != nil {
				t.Errorf("Map of a lost worker: %#v, want it lost: %s", err, c.reason)
			}
		})
	}
}

// A reduce task is lost at a key, and a worker is given up for a reason.
func TestLostAtKey(t *testing.T) {
	t.Parallel()
	p := start(t, options(t))
	_, err := p.Reduce(t.Context(), worker.ReduceTask{Prefix: "exit"}, nil)
	if e, ok := errors.AsType[*worker.LostError](err); !ok || e.At == nil || e.At.Key != "beginning of t.Prefix: exit" {
		t.Errorf("Reduce: %#v, want it lost at a key", err)
	}

	p = start(t, options(t))
	_, err = p.Map(t.Context(), worker.MapTask{Prefix: "stuck"}, func(worker.Progress) { p.GiveUp(worker.Memory, "7 GiB") })
	if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Class != worker.Memory || e.Reason != "7 GiB" || e.At != nil {
		t.Errorf("Map: %#v, want it given up", err)
	}
}

func TestSetupWithoutAnswer(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.StartTimeout = 3 * time.Second // for the start, too
	p := start(t, o)
	_, err := p.Setup(t.Context(), worker.Setup{Format: "hang"})
	if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Reason != "no sign of life for 3s" {
		t.Errorf("Setup: %v, want it lost", err)
	}
}

func TestStepsKeepATaskAlive(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.SilenceTimeout, o.StallTimeout = 600*time.Millisecond, 600*time.Millisecond
	p := start(t, o)
	beats := 0
	_, err := p.Map(t.Context(), worker.MapTask{Prefix: "steps 1200ms"}, func(worker.Progress) { beats++ })
	if err != nil {
		t.Error(err)
	}
	if beats < 2 || beats > 8 {
		t.Errorf("%d progress messages in 1.2 s, want one every 200 ms", beats)
	}
}

func TestCancelledCall(t *testing.T) {
	t.Parallel()
	for _, do := range []string{"stuck", "spin", "stop"} {
		t.Run(do, func(t *testing.T) {
			p := start(t, options(t))
			ctx, cancel := context.WithCancel(t.Context())
			if do == "stop" { // before it sends anything
				time.AfterFunc(100*time.Millisecond, cancel)
			}
			_, err := p.Map(ctx, worker.MapTask{Prefix: do}, func(worker.Progress) { cancel() })
			if err != context.Canceled {
				t.Errorf("Map: %v, want %v", err, context.Canceled)
			}
			if !eventually(2*time.Second, func() bool { return !alive(p.Pid()) }) {
				t.Error("the process still runs")
			}
			_, err = p.Map(t.Context(), worker.MapTask{}, nil)
			if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Reason != "stopped" {
				t.Errorf("Map: %v, want it lost: stopped", err)
			}
		})
	}
}

func TestCallWithCancelledContext(t *testing.T) {
	p := start(t, options(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if _, err := p.Map(ctx, worker.MapTask{Prefix: "stuck"}, nil); err != context.Canceled {
			t.Errorf("Map: %v, want %v", err, context.Canceled)
		}
	}
	if !eventually(2*time.Second, func() bool { return !alive(p.Pid()) }) {
		t.Error("the process still runs")
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	t.Run("idle", func(t *testing.T) {
		var out output
		o := options(t, "defer")
		o.Stderr = &out
		p := start(t, o)
		within(t, 2*time.Second, p.Stop)
		within(t, 100*time.Millisecond, p.Stop)
		if alive(p.Pid()) {
			t.Error("the process still runs")
		}
		if got := out.String(); got != "main goes on after Serve\n" {
			t.Errorf("printed %q", got)
		}
		if left := entries(t, o.SocketDir); len(left) > 1 { // the lock
			t.Errorf("left in the directory for sockets: %q", left)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		p := start(t, options(t))
		if err := syscall.Kill(p.Pid(), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		within(t, 2200*time.Millisecond, p.Stop)
		if alive(p.Pid()) {
			t.Error("the process still runs")
		}
	})
	t.Run("busy", func(t *testing.T) {
		p := start(t, options(t))
		var once sync.Once
		started, done := make(chan struct{}), make(chan error)
		go func() {
			_, err := p.Map(t.Context(), worker.MapTask{Prefix: "spin"}, func(worker.Progress) { once.Do(func() { close(started) }) })
			done <- err
		}()
		<-started
		within(t, 2*time.Second, p.Stop)
		if e, ok := errors.AsType[*worker.LostError](<-done); !ok || e.Reason != "stopped" {
			t.Errorf("Map: %v, want it lost: stopped", e)
		}
	})
}

func TestGrandchild(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"group", "session"} {
		for _, end := range []string{"stop", "exit"} {
			t.Run(how+" "+end, func(t *testing.T) {
				p := start(t, options(t))
				r, err := p.Map(t.Context(), worker.MapTask{Prefix: "child " + how}, nil)
				if err != nil {
					t.Fatal(err)
				}
				pid := int(r.Counters["pid"])
				if how == "session" {
					defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
				}
				if runtime.GOOS == "linux" {
					for fd := 3; fd <= 4; fd++ {
						file, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
						if strings.HasPrefix(file, "pipe:") {
							t.Errorf("the grandchild has the runner's pipe %d", fd)
						}
					}
				}
				if end == "exit" {
					_, err := p.Map(t.Context(), worker.MapTask{Prefix: "exit 5"}, nil)
					if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Reason != "exit status 5" {
						t.Errorf("Map: %v, want it lost: exit status 5", err)
					}
				}
				within(t, 2*time.Second, p.Stop)
				if how == "group" && !eventually(time.Second, func() bool { return !alive(pid) }) {
					t.Error("the grandchild still runs")
				}
			})
		}
	}
}

func TestPrints(t *testing.T) {
	var out output
	o := options(t, "print")
	o.Stderr = &out
	p := start(t, o)
	if _, err := p.Map(t.Context(), worker.MapTask{Prefix: "flood"}, nil); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	want := "printed before Serve\nno end of line" + strings.Repeat("x", 1<<20) + "\nstdout\nstderr\nprintln\n"
	if got := out.String(); got != want {
		t.Errorf("printed %d bytes %.60q...%q, want %d", len(got), got, got[max(0, len(got)-40):], len(want))
	}
}

func TestPrintsDoNotDisturbTheHandshake(t *testing.T) {
	p := start(t, options(t, "chatter"))
	if _, err := p.Map(t.Context(), worker.MapTask{}, nil); err != nil {
		t.Error(err)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("TZ", "UTC")
	t.Setenv("GOMAXPROCS", "7")
	o := options(t)
	o.Env, o.MemoryBytes, o.MaxProcs = []string{"COUNTRY=de", "TZ=CET"}, 123456789, 1
	d, err := start(t, o).Setup(t.Context(), worker.Setup{Format: "environment"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"COUNTRY=de", "TZ=CET", "LC_ALL=C.UTF-8", "GOMEMLIMIT=123456789", "GOGC=400", "GOMAXPROCS=1", "PATH=" + os.Getenv("PATH"),
	} {
		if !slices.Contains(d.Columns, want) {
			t.Errorf("no %s in %q", want, d.Columns)
		}
	}
	for _, v := range d.Columns {
		if strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "MR_WORKER=") {
			t.Errorf("the worker has %s", v)
		}
	}
}

// output is a bytes.Buffer for concurrent use.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > d {
		t.Errorf("took %v, want %v at most", took, d)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestStderrThatBlocks(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close() // frees what writes to it
	o := options(t)
	o.Stderr = w
	p := start(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := p.Map(ctx, worker.MapTask{Prefix: "flood"}, nil); err != context.DeadlineExceeded {
		t.Errorf("Map: %v, want %v", err, context.DeadlineExceeded)
	}
	within(t, 2*time.Second, p.Stop)
}

func TestWorkerOutlivesTheThreadThatStartedIt(t *testing.T) {
	t.Parallel()
	o := options(t)
	started := make(chan *worker.Process)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		p, err := worker.Start(t.Context(), o)
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	p := <-started
	if p == nil {
		return
	}
	defer p.Stop()
	if _, err := p.Map(t.Context(), worker.MapTask{Prefix: "steps 300ms"}, nil); err != nil {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	o := options(t)
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			p, err := worker.Start(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Stop()
			if _, err := p.Map(t.Context(), worker.MapTask{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
