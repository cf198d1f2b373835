package mapreduce_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var tortureTime = flag.Duration("torture", 0, "how long TestTorture goes on; without it, it is skipped")

// A cruelty is one kind of trial. It may be done many times, until it says that there is nothing left to try.
type cruelty struct {
	name   string
	weight int                           // of its part of the time
	open   func(*torture) error          // says why it cannot be done here; may be nil
	trial  func(*torture) (string, bool) // what came of it, and whether there is more to try
	spent  time.Duration
	came   map[string]int
	done   bool
}

// TestTorture does cruel things to runs of all sorts of jobs, each at a moment of chance. Whatever it is: there is the right
// output, or none and a word on why; no process lives on for two seconds; and when the same is run again, undisturbed, it
// succeeds and leaves nothing but its output.
func TestTorture(t *testing.T) {
	if *tortureTime == 0 {
		t.Skip("it takes minutes: go test ./mapreduce -run TestTorture -v -args -torture 2m")
	}
	x := newTorture(t)
	kinds := []*cruelty{
		{name: "kill -9 and -15", weight: 10, trial: (*torture).kill},
		{name: "kill -STOP", weight: 2, trial: (*torture).stop},
		{name: "full disk", weight: 5, open: (*torture).mountDisk, trial: (*torture).fillDisk},
		{name: "failing calls", weight: 6, open: (*torture).findStrace, trial: (*torture).failCall},
		{name: "flipped bits", weight: 2, trial: (*torture).flip},
	}
	for _, k := range kinds {
		k.came = map[string]int{}
		if k.open != nil {
			if err := k.open(x); err != nil {
				t.Logf("%s: not tried: %v", k.name, err)
				k.done = true
			}
		}
	}
	for end := time.Now().Add(*tortureTime); time.Now().Before(end) && !t.Failed(); {
		var next *cruelty // that has had the least of its time
		for _, k := range kinds {
			if !k.done && (next == nil || k.spent*time.Duration(next.weight) < next.spent*time.Duration(k.weight)) {
				next = k
			}
		}
		begin := time.Now()
		came, more := next.trial(x)
		next.came[came]++
		next.done = !more
		next.spent += time.Since(begin)
	}
	for _, k := range kinds {
		n := 0
		for _, c := range k.came {
			n += c
		}
		t.Logf("%-16s %5d trials in %v: %v", k.name, n, k.spent.Round(time.Second), k.came)
	}
	t.Logf("%d signals, %d runs done again, %d runs in all", x.signals, x.reruns, x.runs)
}

// torture is what trials share.
type torture struct {
	*testing.T
	store string
	jobs  []victim
	home  place // of runs that need no other

	disk     disk
	calls    []failing
	flips    []damage
	injector string

	runs, reruns, signals int
}

// A victim is a job of one sort, in one format.
type victim struct {
	job, output string
	want        string
	whole       time.Duration // of a run, about
}

// A place has the output of a run with its work directory, and its directory for temporary files.
type place struct{ dir, tmp string }

func newTorture(t *testing.T) *torture {
	x := &torture{T: t, store: writeStore(t, 3000), home: place{t.TempDir(), t.TempDir()}, jobs: []victim{
		{job: "os", output: "out.jsonl"},       // combines
		{job: "ordered", output: "out.tsv"},    // has order fields
		{job: "extract", output: "out.csv.gz"}, // is map-only
		{job: "lists", output: "lists.tsv"},    // spills much
		{job: "records", output: "records.tsv.zst"},
	}}
	for i := range x.jobs {
		v := &x.jobs[i]
		r := x.start(v, x.home)
		if err := r.wait(); err != nil {
			t.Fatalf("%s, undisturbed: %v\n%s", v.job, err, &r.stderr)
		}
		v.want = x.output(v, x.home)
		if v.want == "" {
			t.Fatalf("%s has no output", v.job)
		}
		x.again(v, x.home, v.job)
		if err := os.Remove(filepath.Join(x.home.dir, v.output)); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// victim is one of the jobs.
func (x *torture) victim() *victim { return &x.jobs[rand.IntN(len(x.jobs))] }

// A process is a runner under way.
type process struct {
	cmd    *exec.Cmd
	tmp    string
	stderr bytes.Buffer
	ended  chan struct{}
	err    error // once ended is closed
}

// start runs a job as mr would, in a process of its own; wrapped by another program, if that is given.
func (x *torture) start(v *victim, at place, wrapper ...string) *process {
	x.Helper()
	exe, err := os.Executable()
	if err != nil {
		x.Fatal(err)
	}
	x.runs++
	args := append(wrapper, exe, "runner", "-record-timeout", "2s", "-start-timeout", startTimeout, v.job, x.store, filepath.Join(at.dir, v.output))
	p := &process{cmd: exec.Command(args[0], args[1:]...), tmp: at.tmp, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "TMPDIR="+at.tmp)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		x.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p
}

const (
	patience     = time.Minute
	startTimeout = "4s"
)

// wait waits for the end of the runner, which is to come by itself.
func (p *process) wait() error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		for _, pid := range marked(p.tmp) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone meanwhile
		}
		<-p.ended
		return fmt.Errorf("it has not ended after %v", patience)
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// output is the output of a run, "" if there is none.
func (x *torture) output(v *victim, at place) string {
	x.Helper()
	name := filepath.Join(at.dir, v.output)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	text, err := os.ReadFile(name)
	if err != nil {
		x.Fatal(err)
	}
	return string(text)
}

// judge waits for the end of a run to which something was done, and says what came of it. Where calls fail, one that succeeds
// may be unable to remove its own files, which are left to the next, and one that does not may be unable to say why.
func (x *torture) judge(v *victim, at place, p *process, badCalls bool, what string) string {
	x.Helper()
	err := p.wait()
	ended := time.Now()
	said := strings.TrimSpace(p.stderr.String())
	what = fmt.Sprintf("%s, %s", v.job, what)
	got := x.output(v, at)
	exit, _ := errors.AsType[*exec.ExitError](err)
	came := "done"
	switch {
	case err == nil && got != v.want:
		x.Fatalf("%s: status 0, and an output of %d bytes, want the right one of %d\n%s", what, len(got), len(v.want), said)
	case got != "" && got != v.want:
		x.Fatalf("%s: %v, and a wrong output of %d bytes, want %d\n%s", what, err, len(got), len(v.want), said)
	case err == nil:
	case exit == nil:
		x.Fatalf("%s: %v\n%s", what, err, said)
	case !exit.Exited():
		came = "killed"
	case said == "" && !badCalls:
		x.Fatalf("%s: %v, and no word on why", what, err)
	default:
		came = "failed and said why"
	}
	for left := marked(at.tmp); len(left) > 0; left = marked(at.tmp) {
		if time.Since(ended) > 2*time.Second {
			x.Fatalf("%s: %v, and processes %v live on\n%s", what, err, left, said)
		}
		<-time.After(5 * time.Millisecond)
	}
	if err == nil && !badCalls {
		x.clean(v, at, what)
	} else {
		x.again(v, at, what)
	}
	if err := os.Remove(filepath.Join(at.dir, v.output)); err != nil {
		x.Fatal(err)
	}
	return came
}

// again runs a job undisturbed, over what another run has left.
func (x *torture) again(v *victim, at place, what string) {
	x.Helper()
	x.reruns++
	begin := time.Now()
	p := x.start(v, at)
	if err := p.wait(); err != nil || x.output(v, at) != v.want {
		x.Fatalf("%s: run again: %v, output of %d bytes, want %d\n%s", what, err, len(x.output(v, at)), len(v.want), &p.stderr)
	}
	if took := time.Since(begin); v.whole == 0 {
		v.whole = took
	} else {
		v.whole = (3*v.whole + took) / 4 // the machine has other work
	}
	x.clean(v, at, what+": run again")
}

// clean sees to it that a run has left nothing but its output.
func (x *torture) clean(v *victim, at place, what string) {
	x.Helper()
	if got := names(x.T, at.dir); len(got) != 1 || got[0] != v.output {
		x.Fatalf("%s: beside the output %s is left %q", what, v.output, got)
	}
	if got := names(x.T, at.tmp); len(got) > 0 {
		x.Fatalf("%s: in the directory for temporary files is left %q", what, got)
	}
}

// marked lists the processes that have this directory for temporary files.
func marked(tmp string) (pids []int) {
	mark := "TMPDIR=" + tmp + "\x00"
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range files {
		text, err := os.ReadFile(name) // it may be gone, or another user's; a dead one has none
		pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
		if err == nil && pid != os.Getpid() && strings.Contains("\x00"+string(text), "\x00"+mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}
