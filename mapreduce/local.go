package mapreduce

import (
	"context"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// Local returns an executor that does a job's tasks in this process, in goroutines: for tests, and for a debugger. A job
// that dies takes this process with it, and Config.Memory decides when tables are spilled, but does not bind.
func Local[K comparable, V any](job Job[K, V]) Executor {
	return local{new: func() worker.Worker { return workerFor(job) }}
}

type local struct{ new func() worker.Worker }

func (local) check() error { return nil }

func (l local) start(context.Context, startEnv) (handle, error) { return localHandle{l.new()}, nil }

type localHandle struct{ worker.Worker }

func (localHandle) Stop() {}
