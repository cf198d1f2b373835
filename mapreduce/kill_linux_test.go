package mapreduce_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
)

var kills = flag.Int("kills", 30, "how often TestKill kills a run")

// Whatever is killed at whatever moment, there is the right output or none, nothing of the run lives on, and the next run
// removes what is left.
func TestKill(t *testing.T) {
	store := writeStore(t, 3000)
	want, _, err := runJob(t, command("lists"), mapreduce.Config{Data: store})
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	output := filepath.Join(dir, "out.tsv")
	tmp := t.TempDir() // sockets
	var whole time.Duration
	started := func() (*exec.Cmd, *bytes.Buffer) {
		stderr := &bytes.Buffer{}
		cmd := exec.Command(exe, "runner", "lists", store, output)
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
		cmd.Stderr = stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, stderr
	}
	check := func(what string) {
		t.Helper()
		if text, err := os.ReadFile(output); err == nil && string(text) != want {
			t.Fatalf("%s: there is an output of %d bytes, which is not the right one of %d", what, len(text), len(want))
		}
	}
	for i := range *kills + 1 {
		_ = os.Remove(output) // there may be none
		begin := time.Now()
		cmd, stderr := started()
		if i == 0 {
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, stderr)
			}
			whole = time.Since(begin)
			continue
		}
		<-time.After(rand.N(whole))
		signal, what := syscall.SIGKILL, "worker"
		switch rand.IntN(4) {
		case 0:
			_ = cmd.Process.Kill() // it may have ended
			what = "runner"
		case 1:
			signal, what = syscall.SIGTERM, "runner, politely"
			_ = cmd.Process.Signal(signal)
		default:
			if workers := children(cmd.Process.Pid); len(workers) > 0 {
				_ = syscall.Kill(workers[rand.IntN(len(workers))], signal)
			}
		}
		killed := time.Now()
		err := cmd.Wait()
		check(what)
		if what == "worker" && err != nil {
			t.Fatalf("the run did not survive the death of a worker: %v\n%s", err, stderr)
		}
		if took := time.Since(killed); what == "runner, politely" && took > 2*time.Second {
			t.Errorf("the run took %v to stop", took)
		}
		for orphans := workersOf(); len(orphans) > 0; orphans = workersOf() {
			if time.Since(killed) > 2*time.Second+whole {
				t.Fatalf("%s killed: processes %v live on", what, orphans)
			}
			runtime.Gosched()
		}
	}
	// The next run, with its hands free.
	cmd, stderr := started()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	check("last run")
	if got := names(t, dir); !slices.Equal(got, []string{"out.tsv"}) {
		t.Errorf("left beside the output: %q", got)
	}
	if got := names(t, tmp); len(got) > 0 {
		t.Errorf("left in the temporary directory: %q", got)
	}
}

// children lists the processes whose parent is pid.
func children(pid int) []int {
	var pids []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // none if it has ended
	for _, name := range lists {
		text, _ := os.ReadFile(name) // as above
		for f := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// workersOf lists the processes of this test binary that are runners or workers.
func workersOf() []int {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	var pids []int
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		text, _ := os.ReadFile(name) // gone meanwhile
		args := strings.Split(string(text), "\x00")
		pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
		if pid != os.Getpid() && args[0] == exe && len(args) > 1 && args[1] == "lists" {
			pids = append(pids, pid)
		}
	}
	return pids
}
