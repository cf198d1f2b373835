package mapreduce_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// kill kills the runner, workers or both at a random moment.
func (x *torture) kill() (string, bool) {
	v := x.victim()
	p := x.start(v, x.home)
	after := rand.N(v.whole)
	<-time.After(after)
	sent := x.signals
	runner := p.cmd.Process.Pid
	what, survives := "", false
	switch rand.IntN(6) {
	case 0:
		what = "runner killed"
		x.signal(p, syscall.SIGKILL, runner)
	case 1:
		what = "runner and workers killed"
		x.signal(p, syscall.SIGKILL, append(children(runner), runner)...)
	case 2:
		what = "runner asked to stop"
		x.signal(p, syscall.SIGTERM, runner)
	case 3:
		what = "several workers killed"
		for range 3 {
			x.signal(p, syscall.SIGKILL, anyOf(children(runner))...)
			<-time.After(rand.N(v.whole / 8))
		}
	default:
		what, survives = "worker killed", true
		x.signal(p, syscall.SIGKILL, anyOf(children(runner))...)
	}
	came := x.judge(v, x.home, p, false, fmt.Sprintf("%s after %v", what, after))
	if survives && came != "done" {
		x.Fatalf("%s did not survive the death of a worker after %v: %v\n%s", v.job, after, p.err, &p.stderr)
	}
	if x.signals == sent {
		return "too early or too late", true
	}
	return what + ", " + came, true
}

// stop stops a worker for good, or the runner for a while. The first is lost when it gets no further; a runner that goes on
// takes no worker for lost that had nobody to talk to.
func (x *torture) stop() (string, bool) {
	v := x.victim()
	p := x.start(v, x.home)
	after := v.whole/4 + rand.N(v.whole/2)
	<-time.After(after)
	sent := x.signals
	what := "worker stopped"
	if rand.IntN(4) == 0 {
		what = "runner stopped for a while"
		x.signal(p, syscall.SIGSTOP, p.cmd.Process.Pid)
		<-time.After(rand.N(3 * time.Second))
		x.signal(p, syscall.SIGCONT, p.cmd.Process.Pid)
	} else {
		x.signal(p, syscall.SIGSTOP, anyOf(workers(p.cmd.Process.Pid))...)
	}
	came := x.judge(v, x.home, p, false, fmt.Sprintf("%s after %v", what, after))
	// One that hangs before its first task is taken for a program that always does.
	said := p.stderr.String()
	begun := !strings.Contains(said, "worker did not start: ") && !strings.Contains(said, "no sign of life for "+startTimeout)
	if came != "done" && begun {
		x.Fatalf("%s: %s after %v: %v\n%s", v.job, what, after, p.err, &p.stderr)
	}
	if x.signals == sent {
		return "too early or too late", true
	}
	return what + ", " + came, true
}

// signal signals processes of a run that has not ended, and counts that.
func (x *torture) signal(p *process, s syscall.Signal, pids ...int) {
	for _, pid := range pids {
		if p.running() && syscall.Kill(pid, s) == nil {
			x.signals++
		}
	}
}

func anyOf(pids []int) []int {
	if len(pids) == 0 {
		return nil
	}
	return []int{pids[rand.IntN(len(pids))]}
}

// workers are the children of a runner that have begun to be programs of their own. One that is stopped before has nothing yet
// that would end it, and its parent waits for it in the kernel.
func workers(runner int) []int {
	return slices.DeleteFunc(children(runner), func(pid int) bool {
		own, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		_, args, _ := strings.Cut(string(own), "\x00")
		return err != nil || strings.HasPrefix(args, "runner\x00")
	})
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
