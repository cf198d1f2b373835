package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
	dir   string // attempts have their directories here
	slots []handle
	order func(n int) []int // in which tasks begin; nil is the costliest first

	mu      sync.Mutex // guards what follows, and slots
	job     worker.Description
	lost    int
	retried int           // attempts that were lost
	starts  int           // in a row that failed
	cpu     time.Duration // of workers that have ended
	begun   int           // workers that were set up
}

// A taskFunc does the n-th task in dir, which is new and empty.
type taskFunc func(ctx context.Context, w worker.Worker, n int, dir string) error

// run does all tasks, the costliest first. A task whose worker is lost is tried again in a fresh one; any other error
// ends the run.
func (p *pool) run(ctx context.Context, name string, costs []int64, do taskFunc) error {
	q := &queue{order: longestFirst(costs), attempts: make([]int, len(costs))}
	if p.order != nil {
		q.order = p.order(len(costs))
	}
	g, ctx := errgroup.WithContext(ctx)
	for slot := range min(len(p.slots), len(costs)) {
		g.Go(func() error {
			for {
				n, attempt, ok := q.pop()
				if !ok || ctx.Err() != nil {
					return ctx.Err()
				}
				dir := filepath.Join(p.dir, fmt.Sprintf("%s-%05d.a%d", name, n, attempt))
				err := p.attempt(ctx, slot, n, dir, do)
				lost, isLost := errors.AsType[*worker.LostError](err)
				if !isLost {
					if err != nil {
						return err
					}
					continue
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				p.discard(slot, dir)
				if attempt+1 == maxAttempts {
					if lost.Class == worker.Memory {
						return memoryError(lost, "%s task %d failed %d times, the last time for want of memory", name, n, maxAttempts)
					}
					return fmt.Errorf("%s task %d failed %d times, each time with its worker: %w", name, n, maxAttempts, lost)
				}
				q.push(n)
				p.mu.Lock()
				p.retried++
				p.mu.Unlock()
				if err := pause(ctx, attempt); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
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
func (p *pool) attempt(ctx context.Context, slot, n int, dir string, do taskFunc) error {
	w, err := p.worker(ctx, slot)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return do(ctx, w, n, dir)
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

// discard stops the slot's worker and removes what its attempt left.
func (p *pool) discard(slot int, dir string) {
	p.mu.Lock()
	h := p.slots[slot]
	p.slots[slot] = nil
	if h != nil { // else it did not start
		p.lost++
	}
	p.mu.Unlock()
	if h != nil {
		p.end(h)
	}
	_ = os.RemoveAll(dir) // else it goes with the work directory
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

// queue hands out tasks.
type queue struct {
	mu       sync.Mutex // guards all
	order    []int
	attempts []int // begun
}

func (q *queue) pop() (n, attempt int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return 0, 0, false
	}
	n, q.order = q.order[0], q.order[1:]
	q.attempts[n]++
	return n, q.attempts[n] - 1, true
}

// push gives a task back, to be the next.
func (q *queue) push(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.order = append([]int{n}, q.order...)
}
