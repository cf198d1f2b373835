package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Run runs the executor's job over the files that the filter selects. The result is one file, sorted by key, which appears
// only if the run succeeds; it depends on the input and the job alone, not on workers, partitions or memory.
//
// When ctx is cancelled, Run stops all workers, removes what it wrote and returns ctx's error, within two seconds; with
// [Local], when the calls of Map that are under way have returned.
// Stats are those of the run so far, also with an error.
func Run(ctx context.Context, x Executor, cfg Config) (stats Stats, err error) {
	begin, cpu := time.Now(), cpuTime()
	cfg.Memory = cfg.memory() // what is available changes
	if err := cfg.check(); err != nil {
		return stats, err
	}
	stats.MemoryLimit = cfg.Memory
	r := &run{cfg: &cfg, exec: x, stats: &stats, shape: shape.From(ctx)}
	if r.format, err = cfg.format(); err != nil {
		return stats, err
	}
	stats.Format = r.format
	if cfg.Output, err = resolveOutput(cfg.Output); err != nil {
		return stats, err
	}
	if cfg.Quarantine, err = resolveQuarantine(&cfg); err != nil {
		return stats, err
	}
	err = r.do(ctx)
	if r.pool != nil {
		stats.LostWorkers, stats.Retried, stats.CPUTime = r.pool.lost, r.pool.retried, r.pool.cpu
	}
	stats.CPUTime += cpuTime() - cpu
	stats.Time = time.Since(begin)
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return stats, err
}

// run is a run under way.
type run struct {
	cfg    *Config
	exec   Executor
	stats  *Stats
	format Format
	shape  shape.Shape

	tree  *storage.Tree
	files []worker.File
	dir   string
	pool  *pool
	meter meter
	watch *monitor
	job   worker.Description
	undo  []func() // in reverse order

	file *storage.FileWriter // the output, once that is begun

	damaged  []DamagedFile // for the quarantine, as are
	badParts []worker.Rows
}

// do does all of the run, and leaves nothing of it but the output.
func (r *run) do(ctx context.Context) error {
	defer r.close()
	if err := r.open(ctx); err != nil {
		return err
	}
	return r.all(ctx)
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
	if r.cfg.Receipt {
		if r.stats.Program, err = workers.program(); err != nil {
			return err
		}
	}
	if err := r.walk(ctx); err != nil {
		return err
	}
	if r.cfg.Output != "" {
		l, err := lockOutput(r.cfg.Output)
		if err != nil {
			return err
		}
		r.undo = append(r.undo, l.Release)
		if err := storage.RemoveTemporary(r.cfg.Output); err != nil {
			return fmt.Errorf("removing what an earlier run left: %w", err)
		}
		if err := tryOutput(r.cfg.Output); err != nil {
			return err
		}
	}
	if r.cfg.Quarantine != "" {
		release, err := openQuarantine(r.cfg)
		if err != nil {
			return err
		}
		r.undo = append(r.undo, release)
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
	slots, share, err := r.cfg.share(len(r.files))
	if err != nil {
		return err
	}
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
	}, slots: make([]handle, slots), order: r.shape.Tasks}
	r.undo = append(r.undo, r.pool.stop)
	r.watch = startMonitor(r.pool, &r.meter, r.cfg.Progress)
	r.undo = append(r.undo, func() { r.stats.PeakMemory = r.watch.stop() })
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
	walk := r.tree.Walk(r.cfg.Filter)
	for f, err := range walk.Files() {
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
		r.files = append(r.files, worker.File{Path: f.Path, Size: f.Size, ModTime: f.ModTime.UnixNano()})
		r.stats.Inputs = append(r.stats.Inputs, Input{Path: f.Path, Size: f.Size, ModTime: f.ModTime})
	}
	r.stats.Unmatched = walk.Unmatched()
	if r.cfg.Planned != nil {
		r.cfg.Planned(*r.stats)
	}
	if len(r.files) == 0 {
		return ErrNoInput
	}
	if r.shape.Files != nil {
		files, inputs := make([]worker.File, len(r.files)), make([]Input, len(r.files))
		for i, n := range r.shape.Files(len(files)) {
			files[i], inputs[i] = r.files[n], r.stats.Inputs[n]
		}
		r.files, r.stats.Inputs = files, inputs
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
	profile, err := profileDir(r.cfg.Profile)
	if err != nil {
		return worker.Setup{}, err
	}
	return worker.Setup{
		Data:        data,
		Schema:      r.tree.Schema().JSON(),
		Format:      string(r.format),
		MemoryBytes: share,
		RunBytes:    r.shape.RunBytes,
		RecordBytes: r.cfg.maxRecord(),
		Checksums:   r.cfg.Receipt,
		Profile:     profile,
	}, nil
}

// all runs the stages.
func (r *run) all(ctx context.Context) error {
	var err error
	if r.job, err = r.pool.describe(ctx); err != nil {
		return err
	}
	r.stats.Columns = r.job.Columns
	start := time.Now()
	results, err := r.mapAll(ctx)
	r.stats.MapTime = time.Since(start)
	if err != nil {
		return err
	}
	var parts []worker.Rows
	if r.job.MapOnly {
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
	r.watch.look()
	var stopping sync.WaitGroup
	r.pool.quit() // they end while this goroutine waits for the disk
	stopping.Go(r.pool.stop)
	defer stopping.Wait()
	start = time.Now()
	err = r.commit(ctx, parts)
	r.stats.CommitTime = time.Since(start)
	_ = os.RemoveAll(r.dir) // meanwhile; what is left goes in close
	return err
}
