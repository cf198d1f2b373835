package worker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

func init() {
	if len(os.Args) > 1 && os.Args[1] == "orphan" {
		runtime.LockOSThread() // the main thread, for forgetParent
	}
	parentMain = startAndWait
	orphanMain = forgetParent
}

// forgetParent makes this process survive its parent's death as far as the kernel is concerned, which remembers the wish
// by thread.
func forgetParent() {
	const setDeathSignal = 1 // PR_SET_PDEATHSIG
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setDeathSignal, 0, 0); errno != 0 {
		panic(errno)
	}
}

// startAndWait is a parent: it starts workers, says who they are once they are at their tasks, and waits to be killed.
func startAndWait() {
	dir, _, err := worker.NewSocketDir()
	if err != nil {
		panic(err)
	}
	fmt.Println("dir", dir)
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for _, do := range strings.Split(os.Getenv(parentEnv), ",") {
		all.Go(func() {
			o := worker.Options{Path: path, Args: []string{do}, SocketDir: dir}
			p, err := worker.Start(context.Background(), o)
			if err != nil {
				panic(err)
			}
			var once sync.Once
			say := func() { once.Do(func() { fmt.Println("pid", p.Pid()) }) }
			switch do {
			case "idle":
				say()
				return
			case "orphan":
				r, err := p.Map(context.Background(), worker.MapTask{Prefix: "child group"}, nil)
				if err != nil {
					panic(err)
				}
				fmt.Println("pid", r.Counters["pid"])
				do = "stuck"
			case "stop":
				go func() {
					eventually(time.Minute, func() bool { return state(p.Pid()) == "T" })
					say()
				}()
			}
			_, _ = p.Map(context.Background(), worker.MapTask{Prefix: do}, func(worker.Progress) { say() })
		})
	}
	all.Wait()
	time.Sleep(time.Minute)
}

// killedParent starts a parent, kills it after the given time, or else when it has named n processes, and returns what it
// said.
func killedParent(t *testing.T, dos []string, n int, after time.Duration) (pids []int, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), parentEnv+"="+strings.Join(dos, ","))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	s := bufio.NewScanner(out)
	for (after > 0 || len(pids) < n) && s.Scan() {
		what, value, _ := strings.Cut(s.Text(), " ")
		if what == "dir" {
			dir = value
			continue
		}
		pid, _ := strconv.Atoi(value)
		pids = append(pids, pid)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return pids, dir
}

func TestWorkersEndWithTheirParent(t *testing.T) {
	// A directory of its own: a run outside of this test must not sweep before the test has looked. A short one, too.
	tmp, err := os.MkdirTemp("", "w")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(tmp)
	t.Setenv("TMPDIR", tmp)
	pids, dir := killedParent(t, []string{"idle", "spin", "stuck", "stop"}, 4, 0)
	if len(pids) != 4 {
		t.Fatalf("workers %d, want 4", pids)
	}
	for _, pid := range pids {
		if !eventually(2*time.Second, func() bool { return !alive(pid) }) {
			t.Errorf("worker %d outlives its parent", pid)
		}
	}
	// The next run sweeps what the killed one left.
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the killed parent's directory: %v", err)
	}
	_, cleanup, err := worker.NewSocketDir()
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed parent's directory is still there: %v", err)
	}
}

// TestLifePipe shows the part that systems without a parent-death signal have.
func TestLifePipe(t *testing.T) {
	pids, dir := killedParent(t, []string{"orphan"}, 2, 0)
	defer os.RemoveAll(dir)
	if len(pids) != 2 {
		t.Fatalf("worker and its child %d, want 2", pids)
	}
	for _, pid := range pids {
		if !eventually(2*time.Second, func() bool { return !alive(pid) }) {
			t.Errorf("process %d outlives the worker's parent", pid)
		}
	}
}

// TestKilledParents kills parents at random moments of their workers' lives, and looks for anything that is left by the
// environment that only those workers have.
func TestKilledParents(t *testing.T) {
	trials := 20
	if testing.Short() {
		trials = 4
	}
	mark := "MR_TEST_MARK" + strconv.Itoa(os.Getpid())
	t.Setenv("LC_MARK", mark) // LC_* is passed on
	t.Setenv("TMPDIR", t.TempDir())
	for i := range trials {
		after := time.Duration(1+rand.IntN(60)) * time.Millisecond
		killedParent(t, []string{"idle", "spin", "hang", "stuck"}, 0, after)
		if !eventually(2*time.Second, func() bool { return len(marked(t, mark)) == 0 }) {
			t.Fatalf("trial %d: parent killed after %v left %d", i, after, marked(t, mark))
		}
	}
}

func marked(t *testing.T, mark string) (pids []int) {
	t.Helper()
	procs, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range procs {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if err == nil && strings.Contains(string(env), mark) && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestKilledWorkers kills workers at random moments of start, setup and task. Whatever the moment, the call that runs
// says so, nothing hangs, and nothing is left.
func TestKilledWorkers(t *testing.T) {
	trials := 40
	if testing.Short() {
		trials = 8
	}
	o := options(t)
	mark := "MR_TEST_MARK_KILLED" + strconv.Itoa(os.Getpid())
	o.Env = []string{"MARK=" + mark}
	for i := range trials {
		after := time.Duration(rand.IntN(25_000)) * time.Microsecond
		killer := time.AfterFunc(after, func() {
			eventually(time.Second, func() bool {
				for _, pid := range marked(t, mark) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
					return true
				}
				return false
			})
		})
		p, err := worker.Start(t.Context(), o)
		if err == nil {
			_, err = p.Setup(t.Context(), worker.Setup{})
		}
		if err == nil {
			_, err = p.Map(t.Context(), worker.MapTask{Prefix: "stuck"}, nil)
		}
		if _, ok := errors.AsType[*worker.LostError](err); !ok {
			t.Errorf("trial %d: killed after %v: %v, want it lost", i, after, err)
		}
		if p != nil {
			within(t, 2*time.Second, p.Stop)
		}
		killer.Stop()
		if left := marked(t, mark); len(left) > 0 {
			t.Fatalf("trial %d: killed after %v: left %d", i, after, left)
		}
	}
	if left := entries(t, o.SocketDir); len(left) > 1 { // the lock
		t.Errorf("left in the directory for sockets: %q", left)
	}
}

// A worker has the name of its program for those who look for it, by whatever it is executed.
func TestName(t *testing.T) {
	o := opened(t)
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", start(t, o).Pid()))
	if want := filepath.Base(o.Path); err != nil || strings.TrimSuffix(string(name), "\n") != want[:min(len(want), 15)] {
		t.Errorf("the process is called %q, %v, want the beginning of %q", name, err, want)
	}
}
