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

func (c command) open() (workers, error) {
	p, err := worker.Open(c.name)
	if err != nil {
		return nil, err
	}
	return processes{p, c.args}, nil
}

// processes are worker processes of one program, which stays the same for the run even if its file is replaced.
type processes struct {
	opened *worker.Program
	args   []string
}

func (p processes) program() (*Program, error) {
	sum, build, err := p.opened.Identify()
	if err != nil {
		return nil, err
	}
	return &Program{Path: p.opened.Path(), SHA256: sum, Build: build}, nil
}

func (p processes) close() { p.opened.Close() }

func (p processes) start(ctx context.Context, env startEnv) (handle, error) {
	w, err := worker.Start(ctx, worker.Options{
		Program:      p.opened,
		Args:         p.args,
		SocketDir:    env.sockets,
		StartTimeout: env.timeout,
		StallTimeout: env.stall,
		MemoryBytes:  env.memory,
		Stderr:       env.stderr,
	})
	if err != nil {
		return nil, err // not a nil *Process in a handle
	}
	return w, nil
}
