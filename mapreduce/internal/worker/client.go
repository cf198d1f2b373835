package worker

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker/workerpb"
)

// A client is a Worker that asks a server over a connection. Its errors are the worker's own, or those of gRPC, which
// [Process] tells apart by [transportError].
type client struct {
	rpc workerpb.WorkerClient
}

func (c *client) Setup(ctx context.Context, s Setup) (Description, error) {
	m, err := c.rpc.Setup(ctx, s.proto())
	if err != nil {
		return Description{}, &transportError{err}
	}
	if f := m.GetFailure(); f != nil {
		return Description{}, errorOf(f)
	}
	return descriptionOf(m.GetDescription()), nil
}

func (c *client) Map(ctx context.Context, t MapTask, progress func(Progress)) (MapResult, error) {
	stream, err := c.rpc.Map(ctx, t.proto())
	if err != nil {
		return MapResult{}, &transportError{err}
	}
	outcome, err := await(stream, progress)
	if err != nil {
		return MapResult{}, err
	}
	return mapResultOf(outcome.GetMap()), nil
}

func (c *client) Reduce(ctx context.Context, t ReduceTask, progress func(Progress)) (ReduceResult, error) {
	stream, err := c.rpc.Reduce(ctx, t.proto())
	if err != nil {
		return ReduceResult{}, &transportError{err}
	}
	outcome, err := await(stream, progress)
	if err != nil {
		return ReduceResult{}, err
	}
	return reduceResultOf(outcome.GetReduce()), nil
}

// await hands out progress until the outcome of a task comes.
func await(stream grpc.ServerStreamingClient[workerpb.Event], progress func(Progress)) (*workerpb.Event, error) {
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, &transportError{err}
		}
		switch what := event.GetWhat().(type) {
		case *workerpb.Event_Progress:
			progress(progressOf(what.Progress))
		case *workerpb.Event_Failure:
			return nil, errorOf(what.Failure)
		default:
			return event, nil
		}
	}
}

func errorOf(f *workerpb.Failure) error {
	if t := f.GetTask(); t != nil {
		return &TaskError{
			BadData: t.GetBadData(),
			Damaged: t.GetDamaged(),
			Offset:  t.GetOffset(),
			Path:    string(t.GetPath()),
			Line:    t.GetLine(),
			Msg:     string(f.GetMessage()),
			Detail:  string(t.GetDetail()),
		}
	}
	if j := f.GetJob(); j != nil {
		return &JobError{Msg: string(f.GetMessage()), Hint: string(j.GetHint())}
	}
	return errors.New(string(f.GetMessage()))
}

// A transportError is one of gRPC: the question or the answer did not arrive.
type transportError struct{ err error }

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }
