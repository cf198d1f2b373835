package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// beat is the time between two progress messages. They are sent by a goroutine of their own: a job whose code is stuck is
// alive, and its Steps tell that it is stuck.
const beat = 200 * time.Millisecond

// A server answers a runner's calls by asking a Worker. It recovers no panic: one outside the job's code is a bug, and
// its trace is what the runner shows of a dead process.
type server struct {
	workerpb.UnimplementedWorkerServer
	w Worker
}

func (s *server) Setup(ctx context.Context, m *workerpb.SetupRequest) (*workerpb.SetupResponse, error) {
	setup := setupOf(m)
	if setup.MemoryBytes > 0 {
		wallIn(memoryLimit(setup.MemoryBytes))
	}
	d, err := s.w.Setup(ctx, setup)
	if err != nil {
		return &workerpb.SetupResponse{Outcome: &workerpb.SetupResponse_Failure{Failure: failureOf(err)}}, nil
	}
	return &workerpb.SetupResponse{Outcome: &workerpb.SetupResponse_Description{Description: d.proto()}}, nil
}

func (s *server) Map(m *workerpb.MapTask, stream grpc.ServerStreamingServer[workerpb.Event]) error {
	return answer(stream, func(ctx context.Context, progress func(Progress)) (*workerpb.Event, error) {
		r, err := s.w.Map(ctx, mapTaskOf(m), progress)
		return &workerpb.Event{What: &workerpb.Event_Map{Map: r.proto()}}, err
	})
}

func (s *server) Reduce(m *workerpb.ReduceTask, stream grpc.ServerStreamingServer[workerpb.Event]) error {
	return answer(stream, func(ctx context.Context, progress func(Progress)) (*workerpb.Event, error) {
		r, err := s.w.Reduce(ctx, reduceTaskOf(m), progress)
		return &workerpb.Event{What: &workerpb.Event_Reduce{Reduce: r.proto()}}, err
	})
}

// answer runs a task and streams its progress, ending with the last one reported, then its outcome.
func answer(
	stream grpc.ServerStreamingServer[workerpb.Event],
	task func(context.Context, func(Progress)) (*workerpb.Event, error),
) error {
	var (
		mu   sync.Mutex
		last Progress // guarded by mu
	)
	send := func() error {
		mu.Lock()
		p := last
		mu.Unlock()
		return stream.Send(&workerpb.Event{What: &workerpb.Event_Progress{Progress: p.proto()}})
	}

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if send() != nil {
					return // the runner has gone; the context of the stream says so to the task
				}
			}
		}
	}()

	returned := false
	defer func() {
		if !returned {
			goexit(recover())
		}
	}()
	outcome, err := task(stream.Context(), func(p Progress) {
		mu.Lock()
		last = p
		mu.Unlock()
	})
	returned = true
	close(stop)
	<-stopped // a stream has one sender at a time
	if err != nil {
		outcome = &workerpb.Event{What: &workerpb.Event_Failure{Failure: failureOf(err)}}
	}
	if err := send(); err != nil {
		return err
	}
	return stream.Send(outcome)
}

// goexit ends a process whose job has called runtime.Goexit, which ends the goroutine of the task and would leave the runner
// waiting; v is the panic that it may be instead.
func goexit(v any) {
	if v != nil {
		panic(v)
	}
	fmt.Fprintln(os.Stderr, "fatal error: the job called runtime.Goexit")
	os.Exit(2)
}

func failureOf(err error) *workerpb.Failure {
	if t, ok := errors.AsType[*TaskError](err); ok {
		return &workerpb.Failure{
			Message: []byte(t.Msg),
			Task: &workerpb.TaskError{
				BadData: t.BadData, Damaged: t.Damaged, Path: []byte(t.Path), Line: t.Line, Offset: t.Offset, Detail: []byte(t.Detail),
			},
		}
	}
	if j, ok := errors.AsType[*JobError](err); ok {
		return &workerpb.Failure{Message: []byte(j.Msg), Job: &workerpb.JobError{Hint: []byte(j.Hint)}}
	}
	return &workerpb.Failure{Message: []byte(err.Error())}
}
