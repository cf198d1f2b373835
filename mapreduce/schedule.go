package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// An Executor says where the tasks of a job are done: [Local] or [Command].
type Executor interface {
	// open is called once a run, before anything is read or written. It reports why no worker could start.
	open() (workers, error)
}

// workers are the workers of one run.
type workers interface {
	// start brings up a worker. It is called by several goroutines.
	start(ctx context.Context, env startEnv) (handle, error)
	// program tells what the workers are, nil if they are no processes.
	program() (*Program, error)
	// close is called when all workers have been stopped.
	close()
}

// startEnv is what a run gives to each worker that it starts.
type startEnv struct {
	sockets string // private directory
	memory  int64
	timeout time.Duration // to come up
	stall   time.Duration // without progress
	stderr  io.Writer
}

// A handle is a worker that is up.
type handle interface {
	worker.Worker
	Quit() // asks it to end; Stop sees to it
	Stop()
	Pid() int           // of its process; 0 is this one
	CPU() time.Duration // used by its process, once it is stopped
}

const (
	// A task is tried this often: a machine short of memory may kill a worker or two, a task that kills four workers in
	// a row would kill the next as well.
	maxAttempts = 4
	// Workers in a row that do not come up before the run gives up.
	maxStarts = 3
)

// pool is the workers of a run. Each slot holds one worker, or none until it has something to do.
type pool struct {
	exec  workers
	env   startEnv
	setup worker.Setup
	dir   string // attempts have their files here
	slots []handle
	order func(n int) []int // in which tasks begin; nil is the costliest first

	mu       sync.Mutex // guards what follows, and slots
	job      worker.Description
	lost     int
	attempts int           // begun
	retried  int           // attempts that were lost
	starts   int           // in a row that failed
	cpu      time.Duration // of workers that have ended
	begun    int           // workers that were set up
}

// A stage is tasks that are done by the same function.
type stage struct {
	name  string
	costs []int64 // of each task
	do    taskFunc
	// lost, if it is not nil, is called after an attempt whose worker was lost, with the slot's worker stopped. It reports
	// whether it has found out why, so that the next attempt will not end like that. An error ends the run.
	lost func(ctx context.Context, slot, n int, lost *worker.LostError) (found bool, err error)
}

// A taskFunc does the n-th task with files whose names begin with prefix, as no others do. It may return an *again.
type taskFunc func(ctx context.Context, w worker.Worker, n int, prefix string) error

// An again is the wish to have tasks done once more, though no worker was lost: this one, and others that are done.
type again struct{ tasks []int }

func (*again) Error() string { return "to be done again" }

// run does all tasks, the costliest first. A task whose worker is lost is tried again in a fresh one; any other error
// ends the run.
func (p *pool) run(ctx context.Context, s stage) error {
	q := newQueue(longestFirst(s.costs))
	if p.order != nil {
		q = newQueue(p.order(len(s.costs)))
	}
	g, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, q.close)()
	for slot := range min(len(p.slots), len(s.costs)) {
		g.Go(func() error {
			for {
				n, ok := q.pop()
				if !ok || ctx.Err() != nil {
					return ctx.Err()
				}
				redo, err := p.task(ctx, s, slot, n)
				if err != nil {
					return err
				}
				q.done(redo...)
			}
		})
	}
	return g.Wait()
}

// task does a task, if need be in several attempts. It returns what is to be done again.
func (p *pool) task(ctx context.Context, s stage, slot, n int) (redo []int, err error) {
	for losses := 0; ; {
		prefix := p.attemptPrefix(s.name, n)
		err := p.attempt(ctx, slot, n, prefix, s.do)
		if again, ok := errors.AsType[*again](err); ok {
			removeAttempt(prefix)
			return again.tasks, nil
		}
		lost, isLost := errors.AsType[*worker.LostError](err)
		if !isLost {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.discard(slot, prefix)
		found := false
		if s.lost != nil {
			if found, err = s.lost(ctx, slot, n, lost); err != nil {
				return nil, err
			}
		}
		if !found {
			if losses++; losses == maxAttempts {
				return nil, lostError(s.name, n, lost)
			}
			if err := pause(ctx, losses-1); err != nil {
				return nil, err
			}
		}
		p.mu.Lock()
		p.retried++
		p.mu.Unlock()
	}
}

// lostError is the end of a run whose task no worker survives.
func lostError(stage string, n int, lost *worker.LostError) error {
	if lost.Class == worker.Memory {
		return memoryError(lost, "%s task %d failed %d times, the last time for want of memory", stage, n, maxAttempts)
	}
	e := &TaskError{Msg: fmt.Sprintf("%s task %d failed %d times, each time with its worker: %v", stage, n, maxAttempts, lost)}
	if lost.Stack != "" {
		e.Detail = deathDetail(lost)
	}
	return e
}

// attemptPrefix is what the names of the next attempt's files at a task begin with. No two attempts have the same.
func (p *pool) attemptPrefix(stage string, n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts++
	return filepath.Join(p.dir, fmt.Sprintf("%s-%05d.a%d.", stage, n, p.attempts))
}

// removeAttempt removes the files of an attempt. What cannot be removed goes with the work directory.
func removeAttempt(prefix string) {
	dir, base := filepath.Split(prefix)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(strings.TrimPrefix(e.Name(), "."), base) { // a dot has one that was not complete
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// describe brings up the first worker, alone, so that what is wrong with the program or its arguments is said once, and
// returns what it says of the job.
func (p *pool) describe(ctx context.Context) (worker.Description, error) {
	for attempt := 0; ; attempt++ {
		_, err := p.worker(ctx, 0)
		if _, lost := errors.AsType[*worker.LostError](err); !lost {
			return p.job, err
		}
		if err := pause(ctx, attempt); err != nil {
			return p.job, err
		}
	}
}

// attempt does a task once in the slot's worker, which it brings up first if there is none.
func (p *pool) attempt(ctx context.Context, slot, n int, prefix string, do taskFunc) error {
	w, err := p.worker(ctx, slot)
	if err != nil {
		return err
	}
	return do(ctx, w, n, prefix)
}

func (p *pool) worker(ctx context.Context, slot int) (worker.Worker, error) {
	p.mu.Lock()
	h := p.slots[slot]
	p.mu.Unlock()
	if h != nil {
		return h, nil
	}
	begin := time.Now()
	h, err := p.exec.start(ctx, p.env)
	var job worker.Description
	if err == nil {
		if job, err = h.Setup(ctx, p.nextSetup()); err != nil {
			p.end(h)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.slots[slot], p.starts, p.job = h, 0, job
		return h, nil
	}
	if lost, ok := errors.AsType[*worker.LostError](err); ok {
		p.starts++
		switch hung := time.Since(begin) >= p.env.timeout; {
		case p.starts >= maxStarts && lost.Class == worker.Memory:
			return nil, memoryError(lost, "%d workers in a row did not start", p.starts)
		case p.starts >= maxStarts:
			return nil, fmt.Errorf("%d workers in a row did not start, the last: %s", p.starts, lost.Reason)
		case hung: // the next one would as well, and it takes long
			return nil, errors.New(lost.Error())
		}
	}
	return nil, err
}

// nextSetup is what the next worker is told.
func (p *pool) nextSetup() worker.Setup {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun++
	s := p.setup
	if s.Profile != "" {
		s.Profile = filepath.Join(s.Profile, profileName(p.begun))
	}
	return s
}

// discard stops the slot's worker, which was lost, and removes what its attempt left.
func (p *pool) discard(slot int, prefix string) { p.retire(slot, prefix, true) }

// retire is discard for a worker that may not have been lost.
func (p *pool) retire(slot int, prefix string, lost bool) {
	p.mu.Lock()
	h := p.slots[slot]
	p.slots[slot] = nil
	if h != nil && lost { // else it did not start
		p.lost++
	}
	p.mu.Unlock()
	if h != nil {
		p.end(h)
	}
	removeAttempt(prefix)
}

// quit asks all workers to end, without waiting for them.
func (p *pool) quit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.slots {
		if h != nil {
			h.Quit()
		}
	}
}

// stop stops all workers at once. It may be called again.
func (p *pool) stop() {
	p.mu.Lock()
	all := slices.Clone(p.slots)
	clear(p.slots)
	p.mu.Unlock()
	var wg sync.WaitGroup
	for _, h := range all {
		if h != nil {
			wg.Go(func() { p.end(h) })
		}
	}
	wg.Wait()
}

// end stops a worker and adds up what it has used.
func (p *pool) end(h handle) {
	h.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cpu += h.CPU()
}

// pids are the processes of the workers that are up.
func (p *pool) pids() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []int
	for _, h := range p.slots {
		if h != nil && h.Pid() != 0 {
			all = append(all, h.Pid())
		}
	}
	return all
}

// pause waits a little before a task is tried again, longer each time: what killed a worker may pass.
func pause(ctx context.Context, attempt int) error {
	t := time.NewTimer(10 * time.Millisecond << (2 * attempt))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A queue hands out tasks.
type queue struct {
	mu      sync.Mutex // guards what follows
	change  sync.Cond
	order   []int
	running int
	closed  bool
}

func newQueue(order []int) *queue {
	q := &queue{order: order}
	q.change.L = &q.mu
	return q
}

// pop returns the next task. While others are being done, which may bring back tasks, it waits.
func (q *queue) pop() (n int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.order) == 0 && q.running > 0 && !q.closed {
		q.change.Wait()
	}
	if len(q.order) == 0 || q.closed {
		return 0, false
	}
	n, q.order = q.order[0], q.order[1:]
	q.running++
	return n, true
}

// done ends a task. The tasks of redo are to be done again, next.
func (q *queue) done(redo ...int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.order = slices.Concat(redo, q.order)
	q.change.Broadcast()
}

// close makes pop return at once, now and later.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.change.Broadcast()
}
