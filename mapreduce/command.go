package mapreduce

import (
	"context"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// Command returns an executor that does a job's tasks in worker processes: the job program name, which calls [Serve], with
// the given arguments. A worker that dies is replaced and its task done again; when this process dies, its workers do.
func Command(name string, arg ...string) Executor { return command{name, arg} }

type command struct {
	name string
	args []string
}

func (c command) check() error { return worker.Check(c.name) }

func (c command) start(ctx context.Context, env startEnv) (handle, error) {
	p, err := worker.Start(ctx, worker.Options{
		Path:         c.name,
		Args:         c.args,
		SocketDir:    env.sockets,
		StartTimeout: env.timeout,
		StallTimeout: env.stall,
		MemoryBytes:  env.memory,
		Stderr:       env.stderr,
	})
	if err != nil {
		return nil, err // not a nil *Process in a handle
	}
	return p, nil
}
