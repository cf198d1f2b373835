package mapreduce

import (
	"context"
	"io"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// Local returns an executor that does a job's tasks in this process, in goroutines: for tests, and for a debugger. The
// job's functions are called by Config.Workers goroutines at once, unlike in worker processes, where each has a copy. A job
// that dies takes this process with it, and Config.Memory decides when tables are spilled, but does not bind.
func Local[K comparable, V any](job Job[K, V]) Executor {
	return local{new: func() worker.Worker { return workerFor(job) }}
}

type local struct{ new func() worker.Worker }

func (l local) open() (workers, error) { return l, nil }

func (local) close() {}

func (local) program() (*Program, error) { return nil, nil }

func (l local) start(context.Context, startEnv) (handle, error) { return localHandle{l.new()}, nil }

type localHandle struct{ worker.Worker }

// Setup leaves profiles out: this process is not the run's alone.
func (h localHandle) Setup(ctx context.Context, s worker.Setup) (worker.Description, error) {
	s.Profile = ""
	return h.Worker.Setup(ctx, s)
}

func (localHandle) Pid() int { return 0 }

func (localHandle) CPU() time.Duration { return 0 } // it is this process's

func (localHandle) Quit() {} // it stops when its task ends

func (h localHandle) Stop() {
	if c, ok := h.Worker.(io.Closer); ok {
		_ = c.Close() // only read
	}
}
