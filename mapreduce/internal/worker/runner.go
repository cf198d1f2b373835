package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin/runner"
)

// drainTime is how long a dead process's pipes may stay open in the hands of what it left behind.
const drainTime = 250 * time.Millisecond

// A runner starts one process for go-plugin and sees to its end. go-plugin's own runner lets workers outlive their host,
// waits for pipes that a grandchild may hold open for ever, and gives away the host's standard input and environment.
//
// The process has /dev/null as its standard input, one pipe as standard output and error, which the runner drains, and
//
//	fd 3  the life pipe: a q asks the process to end, end of file says that the runner's process is gone
//	      (a d asks for its stacks, which it leaves in its mark)
//	fd 4  the handshake: "mr-job VERSION" when the program calls Serve, then go-plugin's line
//	fd 5  its mark; see Mark
//
// It leads a process group of its own, and when it ends the group is killed.
type runner struct {
	cmd    *exec.Cmd // SysProcAttr and files are set by Start
	dir    string    // of the socket, go-plugin's; removed at the end
	marks  string    // directory for the mark
	prints prints
	limit  int64            // of the process's own resident memory; 0 is none
	over   func(used int64) // called once when that is exceeded

	hello  atomic.Int64   // the protocol version that the process said, 0 before it did
	lines  *io.PipeReader // the handshake, for go-plugin
	exited chan struct{}  // closed when the process is gone and its last words are read; never if it did not start
	status string         // "exit status 2", "signal: killed"; valid once exited is closed
	dead   bool           // by a signal; likewise
	last   sight          // what the process was at; likewise

	mu      sync.Mutex
	life    *os.File // write end; nil before the start and after the end; guarded by mu
	started bool     // guarded by mu
	killed  bool     // guarded by mu
	err     error    // of the start; guarded by mu
	mark    *Mark    // nil before the start, after the end, and where there is none; guarded by mu
}

var _ goplugin.Runner = (*runner)(nil)

func newRunner(cmd *exec.Cmd, out io.Writer, marks string) *runner {
	return &runner{cmd: cmd, prints: prints{out: out}, marks: marks, exited: make(chan struct{})}
}

// Start is go-plugin's.
func (r *runner) Start(context.Context) error {
	err := r.start()
	if err != nil {
		_ = os.Remove(r.dir) // empty; the directory around it goes at the end of the run
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
	}
	return err
}

func (r *runner) start() error {
	var ends [6]*os.File // reading and writing ends in turn
	defer func() {
		for _, f := range ends {
			if f != nil {
				_ = f.Close()
			}
		}
	}()
	for i := 0; i < len(ends); i += 2 {
		var err error
		if ends[i], ends[i+1], err = os.Pipe(); err != nil {
			return err
		}
	}
	printed, life, greeting := ends[0:2], ends[2:4], ends[4:6]

	r.cmd.Stdin = nil // /dev/null
	r.cmd.Stdout, r.cmd.Stderr = printed[1], printed[1]
	r.cmd.ExtraFiles = []*os.File{life[0], greeting[1]}
	mark, file := newMark(r.marks)
	if mark != nil {
		defer file.Close() // the mapping stays
		r.cmd.ExtraFiles = append(r.cmd.ExtraFiles, file)
	}

	r.mu.Lock()
	err := context.Canceled
	killed := r.killed
	r.mu.Unlock()
	if !killed {
		err = launch(r.cmd) // which may wait for the new process, or for the one before it, longer than anybody else should
	}
	if err != nil {
		unmapMark(mark)
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.life, r.started, r.mark = life[1], true, mark
	if r.killed {
		killGroup(r.cmd.Process)
	}
	lines, to := io.Pipe()
	r.lines = lines
	go r.run(printed[0], greeting[0], to)
	ends[0], ends[3], ends[4] = nil, nil, nil // run closes them
	return nil
}

// newMark makes a mark that a process can share by its file. There is none if it cannot be had: then nobody knows what the
// process was at when it died.
func newMark(dir string) (*Mark, *os.File) {
	f, err := newMarkFile(dir)
	if err != nil {
		return nil, nil
	}
	m, err := mapMark(f)
	if err != nil {
		_ = f.Close() // it is of no use
		return nil, nil
	}
	return m, f
}

// run sees the process through: its words, its end, its leftovers.
func (r *runner) run(printed, greeting *os.File, to *io.PipeWriter) {
	var reading sync.WaitGroup
	reading.Go(func() { r.prints.drain(printed) })
	reading.Go(func() { r.greet(greeting, to) })
	drained := make(chan struct{})
	go func() {
		reading.Wait()
		close(drained)
	}()

	ended := make(chan struct{})
	var watching sync.WaitGroup
	if r.limit > 0 {
		watching.Go(func() { watchMemory(r.cmd.Process.Pid, r.limit, ended, r.over) })
	}
	reap(r.cmd, &r.mu, func() {
		_ = r.life.Close()
		r.life = nil
	})
	close(ended)
	watching.Wait()
	late := time.NewTimer(drainTime)
	defer late.Stop()
	select {
	case <-drained:
	case <-late.C:
	}
	_ = printed.Close()
	_ = greeting.Close()
	_ = to.Close()
	_ = os.RemoveAll(r.dir)
	if state := r.cmd.ProcessState; state != nil {
		r.status = state.String()
		r.dead = !state.Exited()
	}
	r.mu.Lock()
	if r.mark != nil {
		r.last = r.mark.look()
		unmapMark(r.mark)
		r.mark = nil
	}
	r.mu.Unlock()
	close(r.exited)
}

// greet passes the handshake on, but for the hello.
func (r *runner) greet(from io.Reader, to *io.PipeWriter) {
	s := bufio.NewScanner(from)
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), helloPrefix); ok {
			n, _ := strconv.ParseInt(v, 10, 64)
			r.hello.Store(n)
			if n != protocolVersion {
				r.kill()
			}
			continue
		}
		_, _ = fmt.Fprintln(to, s.Text()) // read by go-plugin to the end
	}
	_ = to.Close()
}

// death tells of what kind the end of the process was, once it is gone.
func (r *runner) death() Class {
	switch {
	case r.dead && strings.HasPrefix(r.status, "signal: "+os.Kill.String()):
		return Killed
	case r.prints.outOfMemory():
		return Memory
	case r.dead, r.status == "exit status 2" && r.prints.trace():
		return Crash
	}
	return Exit
}

// kill ends the process and its group, at once and without waiting. A process not yet started never will.
func (r *runner) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed = true
	if r.life != nil {
		killGroup(r.cmd.Process)
	}
}

// quit asks the process to end.
func (r *runner) quit() { r.ask(askEnd) }

// ask sends the process one byte, into a pipe that has room for it; one that is dead needs none.
func (r *runner) ask(what byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life != nil {
		_, _ = r.life.Write([]byte{what})
	}
}

// dump has the process leave its stacks in its mark, and waits for that, but not long: it may be unable to.
func (r *runner) dump() {
	r.ask(askStacks)
	for end := time.Now().Add(dumpTime); time.Now().Before(end) && !r.gone(5*time.Millisecond); {
		r.mu.Lock()
		there := r.mark == nil || r.mark.stackBytes.Load() > 0
		r.mu.Unlock()
		if there {
			return
		}
	}
}

// gone waits until the process has ended or is sure never to start, but not longer than d, and tells whether it is so.
func (r *runner) gone(d time.Duration) bool {
	r.mu.Lock()
	never := r.killed && !r.started
	r.mu.Unlock()
	if never {
		return true
	}
	select {
	case <-r.exited:
		return true
	default:
	}
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-r.exited:
		return true
	case <-late.C:
		return false
	}
}

// What follows is for go-plugin.

func (r *runner) Stdout() io.ReadCloser { return r.lines }
func (r *runner) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }
func (r *runner) Name() string          { return r.cmd.Path }

func (r *runner) Diagnose(context.Context) string { return "" }

func (r *runner) Wait(context.Context) error {
	<-r.exited
	if r.status != "exit status 0" {
		return errors.New(r.status)
	}
	return nil
}

func (r *runner) Kill(context.Context) error {
	r.kill()
	return nil
}

func (r *runner) ID() string {
	if r.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(r.cmd.Process.Pid)
}

func (r *runner) PluginToHost(network, addr string) (string, string, error) {
	return network, addr, nil
}

func (r *runner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
