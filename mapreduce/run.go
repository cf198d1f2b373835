package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Config says what a run reads, where its result goes, and what it may use.
type Config struct {
	Data   string          // the store's directory
	Schema *storage.Schema // nil is the store's own
	Filter filter.Filter   // nil selects everything

	Output  string    // the file that appears on success; "" writes to Stdout
	Stdout  io.Writer // nil is os.Stdout
	Stderr  io.Writer // what the job prints goes here, as it comes; nil is os.Stderr
	WorkDir string    // where the run keeps its own files; "" is beside Output, or the temporary directory

	Workers    int   // 0 is one for each processor
	Partitions int   // reduce tasks; 0 chooses by size. The output does not depend on it
	Memory     int64 // bytes, for this process and all workers; 0 is half of what is available
	MaxBad     Budget

	MaxRecord     int64         // bytes of the longest record; 0 is 16 MiB
	RecordTimeout time.Duration // a worker that gets no further for so long is stopped; 0 is one minute
	StartTimeout  time.Duration // for a worker to come up; 0 is 30 seconds

	runBytes int64 // a table of this size is spilled; 0 chooses by Memory
}

const (
	minMemory  = 128 << 20
	mostRecord = 1 << 30
)

// ErrNoInput says that the filter selects no file. An output that is there stays as it is.
var ErrNoInput = errors.New("no file of the store matches")

// A ConfigError says that a run cannot begin as it is configured, and how to mend that.
type ConfigError struct {
	Msg  string
	Hint string // may be empty
}

func (e *ConfigError) Error() string { return e.Msg }

// A TaskError is what ended a run: the job's or the data's fault, at a record or a file if that is known.
type TaskError = worker.TaskError

// A ProgramError says that the job program cannot be started, or is no job program.
type ProgramError = worker.ProgramError

// A Budget is how many bad records a run puts up with: a number, or a part of all lines. The zero Budget is none.
type Budget struct {
	N       int64
	Percent float64 // of the lines read; if it is not 0, N is not looked at
}

// ParseBudget reads "10" or "0.5%".
func ParseBudget(s string) (Budget, error) {
	if p, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return Budget{}, fmt.Errorf("%q is not a percentage between 0%% and 100%%", s)
		}
		return Budget{Percent: f}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return Budget{}, fmt.Errorf("%q is neither a number of records nor a percentage", s)
	}
	return Budget{N: n}, nil
}

// limit is the number of bad records that a task may find before the run is known to fail.
func (b Budget) limit() int64 {
	if b.Percent > 0 {
		return -1 // known when all lines are
	}
	return b.N
}

func (b Budget) exceeded(bad, lines int64) bool {
	if b.Percent > 0 {
		return float64(bad)*100 > b.Percent*float64(lines)
	}
	return bad > b.N
}

func (c *Config) stdout() io.Writer {
	if c.Stdout == nil {
		return os.Stdout
	}
	return c.Stdout
}

func (c *Config) stderr() io.Writer {
	if c.Stderr == nil {
		return os.Stderr
	}
	return c.Stderr
}

// lockedWriter lets several workers write lines to one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (c *Config) workers() int { return cmp.Or(c.Workers, runtime.GOMAXPROCS(0)) }

func (c *Config) maxRecord() int64 { return cmp.Or(c.MaxRecord, 16<<20) }

func (c *Config) check() error {
	switch {
	case c.Workers < 0:
		return &ConfigError{Msg: fmt.Sprintf("the number of workers cannot be %d", c.Workers), Hint: "0 is one for each processor"}
	case c.Partitions < 0:
		return &ConfigError{Msg: fmt.Sprintf("the number of partitions cannot be %d", c.Partitions), Hint: "0 chooses by size"}
	case c.Memory != 0 && c.Memory < minMemory:
		return &ConfigError{Msg: fmt.Sprintf("memory of %d bytes is too little", c.Memory), Hint: fmt.Sprintf("give at least %d MiB", minMemory>>20)}
	case c.MaxRecord < 0 || c.MaxRecord > mostRecord:
		return &ConfigError{Msg: fmt.Sprintf("the longest record cannot be %d bytes", c.MaxRecord), Hint: "at most 1 GiB"}
	case c.MaxBad.N < 0 || !(c.MaxBad.Percent >= 0 && c.MaxBad.Percent <= 100):
		return &ConfigError{Msg: "the budget for bad records is negative or more than all"}
	case c.RecordTimeout < 0 || c.StartTimeout < 0:
		return &ConfigError{Msg: "a timeout cannot be negative"}
	}
	if workers, heapBytes := c.share(); workers == 1 && heapBytes < minHeapBytes+2*c.maxRecord() {
		return &ConfigError{
			Msg:  fmt.Sprintf("memory of %d bytes is too little for records of up to %d bytes", c.memory(), c.maxRecord()),
			Hint: "give more memory, or allow only shorter records",
		}
	}
	return nil
}

// Run runs the executor's job over the files that the filter selects. The result is one file, sorted by key, which appears
// only if the run succeeds; it depends on the input and the job alone, not on workers, partitions or memory.
//
// When ctx is cancelled, Run stops all workers, removes what it wrote and returns ctx's error, within two seconds; with
// [Local], when the calls of Map that are under way have returned.
// Stats are those of the run so far, also with an error.
func Run(ctx context.Context, x Executor, cfg Config) (stats Stats, err error) {
	if err := cfg.check(); err != nil {
		return stats, err
	}
	if cfg.Output, err = resolveOutput(cfg.Output); err != nil {
		return stats, err
	}
	r := &run{cfg: &cfg, exec: x, stats: &stats}
	defer r.close()
	if err = r.open(ctx); err == nil {
		err = r.all(ctx)
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return stats, err
}

// run is a run under way.
type run struct {
	cfg   *Config
	exec  Executor
	stats *Stats

	tree  *storage.Tree
	files []worker.File
	dir   string
	pool  *pool
	undo  []func() // in reverse order
}

func (r *run) close() {
	for i := len(r.undo) - 1; i >= 0; i-- {
		r.undo[i]()
	}
}

// open finds the input, then takes what the run needs, so that a run without input touches nothing.
func (r *run) open(ctx context.Context) error {
	workers, err := r.exec.open()
	if err != nil {
		return err
	}
	r.undo = append(r.undo, workers.close)
	if err := r.walk(ctx); err != nil {
		return err
	}
	if r.cfg.Output != "" {
		l, err := lockOutput(r.cfg.Output)
		if err != nil {
			return err
		}
		r.undo = append(r.undo, l.release)
		if err := storage.RemoveTemporary(r.cfg.Output); err != nil {
			return fmt.Errorf("removing what an earlier run left: %w", err)
		}
	}
	private, remove, err := worker.NewSocketDir()
	if err != nil {
		return err
	}
	r.undo = append(r.undo, remove)
	if r.dir, remove, err = workDir(r.cfg); err != nil {
		return err
	}
	r.undo = append(r.undo, remove)
	slots, share := r.cfg.share()
	setup, err := r.setup(share)
	if err != nil {
		return err
	}
	r.pool = &pool{exec: workers, setup: setup, dir: r.dir, env: startEnv{
		sockets: private,
		memory:  share,
		timeout: cmp.Or(r.cfg.StartTimeout, 30*time.Second),
		stall:   cmp.Or(r.cfg.RecordTimeout, time.Minute),
		stderr:  &lockedWriter{w: r.cfg.stderr()},
	}, slots: make([]handle, slots)}
	r.undo = append(r.undo, r.pool.stop)
	return nil
}

// walk lists the files of the run.
func (r *run) walk(ctx context.Context) (err error) {
	if r.cfg.Schema != nil {
		r.tree, err = storage.OpenWith(r.cfg.Data, r.cfg.Schema)
	} else {
		r.tree, err = storage.Open(r.cfg.Data)
	}
	if err != nil {
		return err
	}
	r.undo = append(r.undo, func() { _ = r.tree.Close() }) // only read
	for f, err := range r.tree.Files(r.cfg.Filter) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if stray, ok := errors.AsType[*storage.StrayError](err); ok {
			r.stats.Strays = append(r.stats.Strays, Stray{Path: stray.Path, Reason: stray.Reason})
			continue
		}
		if err != nil {
			return err
		}
		r.files = append(r.files, worker.File{Path: f.Path, Size: f.Size})
	}
	if len(r.files) == 0 {
		return ErrNoInput
	}
	return r.checkOutput()
}

// checkOutput refuses an output that is one of the inputs.
func (r *run) checkOutput() error {
	out, err := os.Stat(r.cfg.Output)
	if err != nil {
		return nil // there is none yet; what else may be wrong with it is found when it is locked
	}
	for _, f := range r.files {
		if f.Size != out.Size() {
			continue
		}
		in, err := os.Stat(filepath.Join(r.cfg.Data, filepath.FromSlash(f.Path)))
		if err == nil && os.SameFile(in, out) {
			return &ConfigError{Msg: fmt.Sprintf("the output %s is one of the inputs", r.cfg.Output), Hint: "write outside of the store"}
		}
	}
	return nil
}

func (r *run) setup(share int64) (worker.Setup, error) {
	data, err := filepath.Abs(r.cfg.Data)
	if err != nil {
		return worker.Setup{}, err
	}
	return worker.Setup{
		Data:        data,
		Schema:      r.tree.Schema().JSON(),
		Format:      "tsv",
		MemoryBytes: share,
		RunBytes:    r.cfg.runBytes,
		RecordBytes: r.cfg.maxRecord(),
	}, nil
}

// all runs the stages.
func (r *run) all(ctx context.Context) error {
	start := time.Now()
	results, err := r.mapAll(ctx)
	r.stats.MapTime = time.Since(start)
	if err != nil {
		return err
	}
	var parts []worker.Rows
	if mapOnly := results[0].Rows != nil; mapOnly {
		for _, m := range results {
			parts = append(parts, *m.Rows)
		}
	} else {
		start = time.Now()
		parts, err = r.reduceAll(ctx, results)
		r.stats.ReduceTime = time.Since(start)
		if err != nil {
			return err
		}
	}
	r.pool.stop()
	start = time.Now()
	r.stats.Output, err = commit(ctx, r.cfg, parts)
	r.stats.CommitTime = time.Since(start)
	return err
}

// mapAll does the map tasks and checks their account.
func (r *run) mapAll(ctx context.Context) ([]worker.MapResult, error) {
	tasks := planMap(r.files)
	costs := make([]int64, len(tasks))
	for i, t := range tasks {
		costs[i] = mapCost(t)
	}
	results := make([]worker.MapResult, len(tasks))
	var bad atomic.Int64
	err := r.pool.run(ctx, "map", costs, func(ctx context.Context, w worker.Worker, n int, dir string) error {
		t := tasks[n]
		t.Dir, t.MaxBad = dir, r.cfg.MaxBad.limit()
		res, err := w.Map(ctx, t, func(worker.Progress) {})
		if err != nil {
			return err
		}
		results[n] = res
		if total := bad.Add(res.Counters[cBad]); r.cfg.MaxBad.Percent == 0 && total > r.cfg.MaxBad.N {
			return r.tooManyBad(total, res.Bad)
		}
		return nil
	})
	r.stats.MapTasks, r.stats.LostWorkers = len(tasks), r.pool.lost
	for _, m := range results {
		r.stats.addMap(m)
	}
	if err != nil {
		return nil, err
	}
	if r.cfg.MaxBad.exceeded(r.stats.Bad, r.stats.Lines) {
		return nil, r.tooManyBad(r.stats.Bad, nil)
	}
	return results, r.stats.checkMap(r.files, results[0].Rows != nil)
}

// tooManyBad is the end of a run with more bad records than its budget; first are some of them.
func (r *run) tooManyBad(total int64, first []worker.BadRecord) error {
	what := fmt.Sprintf("%d bad records are", total)
	if total == 1 {
		what = "one bad record is"
	}
	err := &TaskError{BadData: true, Msg: what + " more than allowed"}
	if len(first) == 0 && len(r.stats.BadRecords) > 0 {
		first = []worker.BadRecord{worker.BadRecord(r.stats.BadRecords[0])}
	}
	if len(first) > 0 {
		err.Path, err.Line = first[0].Path, first[0].Line
		err.Msg = fmt.Sprintf("%s (%s)", first[0].Reason, err.Msg)
	}
	return err
}

// reduceAll does the reduce tasks and checks their account.
func (r *run) reduceAll(ctx context.Context, results []worker.MapResult) ([]worker.Rows, error) {
	var runs []worker.Run
	for _, m := range results {
		runs = append(runs, m.Runs...)
	}
	tasks := planReduce(runs, cmp.Or(r.cfg.Partitions, partitionCount(runs, len(r.pool.slots))))
	parts := make([]worker.Rows, len(tasks))
	reduced := make([]worker.ReduceResult, len(tasks))
	err := r.pool.run(ctx, "reduce", make([]int64, len(tasks)), func(ctx context.Context, w worker.Worker, n int, dir string) error {
		t := tasks[n]
		t.Dir = dir
		res, err := w.Reduce(ctx, t, func(worker.Progress) {})
		parts[n], reduced[n] = res.Rows, res
		return err
	})
	r.stats.ReduceTasks, r.stats.LostWorkers = len(tasks), r.pool.lost
	for _, m := range reduced {
		r.stats.addReduce(m)
	}
	if err != nil {
		return nil, err
	}
	return parts, r.stats.checkReduce()
}
