package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/mapreduce/internal/values"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// jobWorker does the tasks of a job. It is the last place that knows K and V: what it writes to runs are bytes. What need not
// know them is elsewhere, for it would be compiled anew with each job.
type jobWorker[K comparable, V any] struct {
	station
	job    Job[K, V]
	keys   *keys.Codec[K]
	values *values.Codec[V]
	table  *shuffle.Table[V] // kept from task to task for its memory, as is
	memo   *keys.Memo[K, shuffle.Place]

	baseBytes int64 // live heap before there was a table: the job's own
}

// station is what a worker has been given for the tasks of a run.
type station struct {
	setup    worker.Setup
	tree     *storage.Tree
	format   Format
	names    []string  // of the cells of a row, if they are known
	profiler *profiler // nil if no profiles are wanted
	mark     *worker.Mark
}

func newJobWorker[K comparable, V any](job Job[K, V]) (*jobWorker[K, V], error) {
	if job.Map == nil {
		return nil, &worker.JobError{Msg: "the job has no Map", Hint: "set Job.Map, the function that is called for each record"}
	}
	k, err := keys.For[K]()
	if err != nil {
		return nil, &worker.JobError{
			Msg:  "type of keys: " + err.Error(),
			Hint: "a key is a string, number, bool, byte array or a struct of these",
		}
	}
	v, err := values.For[V]()
	if err != nil {
		return nil, &worker.JobError{
			Msg:  "type of values: " + err.Error(),
			Hint: "a value is made of numbers, bools, strings, slices, arrays, maps, pointers and structs of exported fields, or brings AppendBinary and UnmarshalBinary",
		}
	}
	return &jobWorker[K, V]{station: station{mark: new(worker.Mark)}, job: job, keys: k, values: v}, nil
}

func (w *jobWorker[K, V]) Setup(_ context.Context, s worker.Setup) (worker.Description, error) {
	if err := w.open(s); err != nil {
		return worker.Description{}, err
	}
	// Without a Reduce, a row has the cells of the key and the value, whose names are known.
	cells := -1
	w.names = w.job.Columns
	if w.job.Reduce == nil {
		names := append(w.keys.Names(), "value")
		cells = len(names)
		if len(w.names) == 0 {
			w.names = names
		}
	}
	if err := w.format.checkColumns(w.names, cells); err != nil {
		return worker.Description{}, err
	}
	return worker.Description{
		Key:     fmt.Sprintf("%T", *new(K)),
		Value:   fmt.Sprintf("%T", *new(V)),
		MapOnly: w.job.mapOnly(),
		Columns: w.names,
	}, nil
}

func (s *station) open(setup worker.Setup) error {
	schema, err := storage.ParseSchema(setup.Schema)
	if err != nil {
		return err
	}
	if s.tree, err = storage.OpenWith(setup.Data, schema); err != nil {
		return err
	}
	s.setup, s.format = setup, Format(setup.Format)
	if setup.Profile != "" {
		if s.profiler, err = startProfiler(setup.Profile); err != nil {
			return fmt.Errorf("taking profiles: %w", err)
		}
	}
	return nil
}

// Mark implements [worker.Marker].
func (s *station) Mark(m *worker.Mark) { s.mark = m }

// Close releases what Setup took, and writes profiles.
func (s *station) Close() error {
	var err error
	if s.profiler != nil {
		err = s.profiler.stop()
	}
	if s.tree != nil {
		err = errors.Join(err, s.tree.Close())
	}
	return err
}

func (s *station) createRows(prefix string) (*Rows, error) {
	return createRows(prefix, s.format, s.names, s.longest())
}

// runBytes is the size at which a table is spilled.
func (s *station) runBytes() int64 {
	const most = 256 << 20 // a larger table sorts no faster, and a task rarely fills it
	if s.setup.MemoryBytes == 0 {
		return cmp.Or(s.setup.RunBytes, most)
	}
	return cmp.Or(s.setup.RunBytes, min(s.setup.MemoryBytes/3, most))
}

// A panicError is a panic of the job's code.
type panicError struct {
	value any
	stack string
}

func (e *panicError) Error() string {
	msg := fmt.Sprintf("panic: %v", e.value)
	if at, _, _ := strings.Cut(e.stack, "\n"); at != "" {
		msg += " (" + at + ")"
	}
	return msg
}

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// recovered turns a panic into an error that tells where it came from. It is to be deferred.
func recovered(err *error) {
	v := recover()
	if v == nil {
		return
	}
	*err = &panicError{value: v, stack: panicStack()}
}

const pkg = "github.com/telemetry-mr/mr/mapreduce"

// panicStack lists the frames from the place of the panic to the engine, a line each: "file.go:12 main.f".
func panicStack() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var lines []string
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, pkg+".(*mapping") || strings.HasPrefix(f.Function, pkg+".(*reduceTask") {
			break
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			lines = append(lines, fmt.Sprintf("%s:%d %s", f.File[strings.LastIndexByte(f.File, '/')+1:], f.Line, f.Function))
		}
		if !more {
			break
		}
	}
	return strings.Join(lines, "\n")
}

// taskError makes err final, for the whole run. At most one of file and key is known.
func taskError(path string, line int64, err error) *worker.TaskError {
	t := &worker.TaskError{Path: path, Line: line, Msg: err.Error()}
	if p, ok := errors.AsType[*panicError](err); ok {
		t.Detail = p.stack
	}
	return t
}

// failedWorker answers for a job that cannot run.
type failedWorker struct{ err error }

func (w failedWorker) Setup(context.Context, worker.Setup) (worker.Description, error) {
	return worker.Description{}, w.err
}

func (w failedWorker) Map(context.Context, worker.MapTask, func(worker.Progress)) (worker.MapResult, error) {
	return worker.MapResult{}, w.err
}

func (w failedWorker) Reduce(context.Context, worker.ReduceTask, func(worker.Progress)) (worker.ReduceResult, error) {
	return worker.ReduceResult{}, w.err
}

// workerFor returns the worker of a job; one that answers with the reason if the job cannot run.
func workerFor[K comparable, V any](job Job[K, V]) worker.Worker {
	w, err := newJobWorker(job)
	if err != nil {
		return failedWorker{err}
	}
	return w
}
