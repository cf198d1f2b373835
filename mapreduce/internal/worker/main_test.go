//go:build unix

package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// The test binary is also the job program (started by a Process) and the parent of workers (parentEnv is set).
func TestMain(m *testing.M) {
	switch {
	case worker.Started():
		jobMain()
		os.Exit(0)
	case os.Getenv(parentEnv) != "":
		parentMain()
		os.Exit(0)
	case os.Getenv(byHandEnv) != "":
		worker.Serve(job{})
		panic("Serve returned")
	}
	goleak.VerifyTestMain(m,
		// One thread starts all workers and never ends.
		goleak.IgnoreAnyFunction("github.com/telemetry-mr/mr/mapreduce/internal/worker.forkLoop"),
	)
}

var (
	parentMain = func() {} // see crash_linux_test.go
	orphanMain = func() {} // likewise
)

const (
	parentEnv = "MR_TEST_PARENT"
	byHandEnv = "MR_TEST_BY_HAND"
)

// jobMain is the main function of the job program. Its first argument says how to misbehave before or around Serve.
func jobMain() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "exit":
		fmt.Fprintln(os.Stderr, "no table of countries: give --countries FILE")
		os.Exit(3)
	case "panic":
		panic("no such country")
	case "hang":
		fmt.Println("loading")
		time.Sleep(time.Minute)
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "print":
		fmt.Println("printed before Serve")
		fmt.Print("no end of line")
	case "chatter":
		go func() {
			for {
				fmt.Println("1|1|unix|/nowhere|grpc|")
			}
		}()
	case "hoard":
		hoard()
	case "orphan":
		orphanMain()
	case "version":
		_, _ = fmt.Fprintln(os.NewFile(4, "handshake"), "mr-job 99")
		time.Sleep(time.Minute)
	}
	worker.Serve(job{})
	if mode == "defer" {
		fmt.Println("main goes on after Serve")
	}
}

var (
	spun    int
	hoarded [][]byte
)

// hoard takes memory, and uses it, without end.
func hoard() {
	for {
		hoarded = append(hoarded, bytes.Repeat([]byte{1}, 1<<20))
	}
}

// A job does what the directory of a task says.
type job struct{}

var mark = new(worker.Mark) // of this process

func (job) Mark(m *worker.Mark) { mark = m }

func (job) Setup(_ context.Context, s worker.Setup) (worker.Description, error) {
	switch s.Format {
	case "fail":
		return worker.Description{}, &worker.TaskError{Msg: "key type func() is not supported"}
	case "hang":
		select {}
	case "environment":
		return worker.Description{Columns: os.Environ()}, nil
	}
	return worker.Description{
		Key: "string", Value: "int", Columns: []string{s.Data, string(s.Schema), s.Format}, MapOnly: s.RecordBytes == 16<<20,
	}, nil
}

func (job) Map(ctx context.Context, t worker.MapTask, progress func(worker.Progress)) (worker.MapResult, error) {
	progress(worker.Progress{Steps: 1})
	mark.Record(1, 17, 4711)
	switch what, arg, _ := strings.Cut(t.Prefix, " "); what {
	case "goexit":
		runtime.Goexit()
	case "panic":
		panic(errors.New("no such country"))
	case "exit":
		n, _ := strconv.Atoi(arg)
		os.Exit(n)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		select {}
	case "hoard":
		hoard()
	case "stuck":
		select {}
	case "spin":
		for n := 0; ; n++ {
			spun = n
		}
	case "steps":
		d, _ := time.ParseDuration(arg)
		for i, end := 0, time.Now().Add(d); time.Now().Before(end); i++ {
			progress(worker.Progress{Steps: int64(i)})
			<-time.After(time.Millisecond)
		}
	case "bad":
		return worker.MapResult{}, fmt.Errorf("map: %w", &worker.TaskError{
			BadData: true, Path: "a/b\xff.log", Line: 17, Msg: "bad \xfe value", Detail: "goroutine 1",
		})
	case "disk":
		return worker.MapResult{}, errors.New("no space left on device")
	case "flood":
		if _, err := syscall.Write(1, []byte(strings.Repeat("x", 1<<20))); err != nil {
			return worker.MapResult{}, err
		}
		fmt.Println("\nstdout")
		fmt.Fprintln(os.Stderr, "stderr")
		println("println")
	case "child":
		return forked(arg)
	case "large":
		n, _ := strconv.Atoi(arg)
		return worker.MapResult{Runs: []worker.Run{{Samples: [][]byte{make([]byte, n)}}}}, nil
	}
	mark.Done()
	progress(worker.Progress{Steps: 7, Records: int64(len(t.Files)), Bytes: t.MaxBad})
	r := worker.MapResult{
		Rows:     &worker.Rows{Path: t.Prefix, Bytes: 1, Rows: 2, Checksum: 1<<32 - 1},
		Counters: worker.Counters{"task": int64(t.ID), "max-bad\xff": t.MaxBad},
	}
	for _, f := range t.Files {
		r.Runs = append(r.Runs, worker.Run{
			Path: f.Path, Bytes: f.Size, Pairs: 3, Samples: [][]byte{[]byte(f.Path), {0, 0xff}}, SampleBytes: 4,
		})
		r.Bad = append(r.Bad, worker.BadRecord{Path: f.Path, Line: 5, Offset: f.Size, Reason: "no\xffTAB"})
	}
	return r, nil
}

func (job) Reduce(ctx context.Context, t worker.ReduceTask, progress func(worker.Progress)) (worker.ReduceResult, error) {
	mark.Key("beginning of t.Prefix: " + t.Prefix)
	if t.Prefix == "exit" {
		os.Exit(4)
	}
	return worker.ReduceResult{
		Rows: worker.Rows{Path: t.Prefix, Bytes: int64(len(t.Runs))},
		Counters: worker.Counters{
			"low": open(t.Low), "high": open(t.High), "samples": int64(len(t.Runs[0].Samples)), "pairs": t.Runs[0].Pairs,
		},
	}, nil
}

func open(bound []byte) int64 {
	if bound == nil {
		return -1
	}
	return int64(len(bound))
}

// forked starts a process that holds on to standard output and error, and names it in the result.
func forked(how string) (worker.MapResult, error) {
	cmd := exec.Command("sleep", "60")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if how == "session" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		return worker.MapResult{}, err
	}
	return worker.MapResult{Counters: worker.Counters{"pid": int64(cmd.Process.Pid)}}, nil
}

func options(t testing.TB, args ...string) worker.Options {
	t.Helper()
	dir, cleanup, err := worker.NewSocketDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cleanup)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return worker.Options{Path: path, Args: args, SocketDir: dir}
}

// opened are options with the program kept open, as a run has it.
func opened(t testing.TB) worker.Options {
	t.Helper()
	o := options(t)
	program, err := worker.Open(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(program.Close)
	o.Program = program
	return o
}

func start(t testing.TB, o worker.Options) *worker.Process {
	t.Helper()
	p, err := worker.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// alive tells whether a process runs; a zombie does not.
func alive(pid int) bool {
	if runtime.GOOS != "linux" {
		return syscall.Kill(pid, 0) == nil
	}
	return !strings.Contains("ZX", state(pid))
}

// state is the state of a process as Linux has it: R, S, T, Z, or "" when there is none.
func state(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	s, _, _ := strings.Cut(rest, " ")
	return s
}

// eventually polls cond for at most d.
func eventually(d time.Duration, cond func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); <-time.After(time.Millisecond) {
		if cond() {
			return true
		}
	}
	return cond()
}
