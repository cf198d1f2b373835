package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"runtime"
	"runtime/metrics"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// mapTask is a map task under way.
type mapTask[K comparable, V any] struct {
	*jobWorker[K, V]
	task     worker.MapTask
	out      Emitter[K, V]
	rows     *Rows // of a map-only job
	cells    []any
	result   worker.MapResult
	counters worker.Counters

	mapped, skipped, bad, emitted, combined, spilled int64
	stored                                           int64 // bytes of finished files

	heap   []metrics.Sample // live bytes, cycles of the collector
	cycles uint64           // when heap was read last
}

// maxBadListed is how many bad records a task describes; the rest are counted.
const maxBadListed = 10

func (w *jobWorker[K, V]) Map(ctx context.Context, task worker.MapTask, progress func(worker.Progress)) (worker.MapResult, error) {
	t := &mapTask[K, V]{jobWorker: w, task: task, counters: worker.Counters{}, heap: []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}}
	t.out.codec = w.keys
	if err := t.open(); err != nil {
		return worker.MapResult{}, err
	}
	defer t.close()
	for _, f := range task.Files {
		if err := t.file(ctx, f, progress); err != nil {
			return worker.MapResult{}, err
		}
	}
	if err := t.finish(); err != nil {
		return worker.MapResult{}, err
	}
	return t.result, nil
}

func (t *mapTask[K, V]) open() error {
	if t.job.mapOnly() {
		var err error
		t.rows, err = t.createRows(t.task.Dir)
		return err
	}
	if t.table == nil {
		if !t.values.PointerFree() {
			runtime.GC()
			metrics.Read(t.heap)
			t.baseBytes = int64(t.heap[0].Value.Uint64())
		}
		t.table = shuffle.NewTable(shuffle.TableJob[V]{Combine: t.combiner(), Clone: t.values.Clone, Append: t.appendValue})
	}
	t.table.Reset()
	return nil
}

// combiner is Combine for values that may borrow from the record.
func (w *jobWorker[K, V]) combiner() func(acc *V, v V) {
	if w.job.Combine == nil || !w.values.Shares() {
		return w.job.Combine
	}
	return func(acc *V, v V) { w.job.Combine(acc, w.values.Owned(v)) }
}

func (t *mapTask[K, V]) close() {
	if t.rows != nil {
		t.rows.close()
	}
}

// file maps the records of one file.
func (t *mapTask[K, V]) file(ctx context.Context, in worker.File, progress func(worker.Progress)) error {
	file, err := t.tree.File(in.Path, in.Size)
	if err != nil {
		return err
	}
	o := storage.ReadOptions{MaxRecordBytes: int(t.setup.RecordBytes), MaxWindowBytes: t.maxWindow(), Part: storage.Part(in.Part)}
	var sum hash.Hash32
	if t.setup.Checksums {
		sum = crc32.NewIEEE()
		o.Stored = sum
	}
	r, err := file.Open(o)
	if err != nil {
		return fileError(in.Path, err)
	}
	defer r.Close()
	if err := unchanged(r, in); err != nil {
		return err
	}
	for rec, err := range r.Records() {
		if syntax, ok := errors.AsType[*storage.SyntaxError](err); ok {
			err = t.badRecord(worker.BadRecord{Path: in.Path, Line: syntax.Line, Offset: syntax.Offset, Reason: syntax.Reason}, nil)
		} else if err != nil {
			err = fileError(in.Path, err)
		} else {
			err = t.record(rec, in.Path)
		}
		if err != nil {
			return t.damageFirst(ctx, r, in.Path, err, progress)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		n := t.mapped + t.skipped + t.bad
		progress(worker.Progress{Steps: n, Records: n, Bytes: t.stored + r.Counts().StoredBytes})
	}
	c := r.Counts()
	if c.StoredBytes != in.Bytes() {
		return &worker.TaskError{BadData: true, Path: in.Path, Msg: fmt.Sprintf(
			"file changed during the run: it had %d bytes when the run began, %d were read", in.Size, c.StoredBytes)}
	}
	t.stored += c.StoredBytes
	if sum != nil {
		t.result.Checksums = append(t.result.Checksums, sum.Sum32())
	}
	if in.Last() {
		t.counters[cFiles]++
		t.counters[cFormatPrefix+r.Format().String()]++
	}
	t.counters[cStored] += c.StoredBytes
	t.counters[cDecoded] += c.Bytes
	t.counters[cLines] += c.Lines
	return nil
}

// maxWindow is how much memory decoding a file may take, 0 for as much as there is in any: as much as most programs that
// compress ask for, or half of a worker's share.
func (t *mapTask[K, V]) maxWindow() int64 {
	if t.setup.MemoryBytes == 0 {
		return 0
	}
	return max(t.setup.MemoryBytes/2, 8<<20)
}

// unchanged refuses a file that is not the one that was listed: the run's account, and other parts of it, are of that.
func unchanged(r *storage.Reader, in worker.File) error {
	info, err := r.Stat()
	if err != nil {
		return fileError(in.Path, err)
	}
	if info.Size() != in.Size || info.ModTime().UnixNano() != in.ModTime {
		return &worker.TaskError{BadData: true, Path: in.Path, Msg: fmt.Sprintf(
			"file changed during the run: it had %d bytes when the run began, and another time than now", in.Size)}
	}
	return nil
}

// damageFirst returns err or, if it is about a bad record, the damage further on in the file that may be its reason: where
// records come before their checksum, a bad one is as likely to be noise.
func (t *mapTask[K, V]) damageFirst(ctx context.Context, r *storage.Reader, path string, err error, progress func(worker.Progress)) error {
	bad, ok := errors.AsType[*worker.TaskError](err)
	if f := r.Format(); !ok || !bad.BadData || bad.Line == 0 || f.Verified || f.Cuts == storage.CutsNone {
		return err
	}
	n := t.mapped + t.skipped + t.bad
	for _, later := range r.Records() {
		if damaged, ok := errors.AsType[*storage.DamagedError](later); ok {
			return fileError(path, damaged)
		}
		if ctx.Err() != nil {
			break
		}
		n++
		progress(worker.Progress{Steps: n, Records: n, Bytes: t.stored + r.Counts().StoredBytes})
	}
	return err
}

// fileError makes an error of reading a file final: its content would be the same the next time.
func fileError(path string, err error) error {
	if d, ok := errors.AsType[*storage.DamagedError](err); ok {
		return &worker.TaskError{BadData: true, Path: path, Msg: fmt.Sprintf("damaged near byte %d: %s", d.Offset, d.Reason())}
	}
	if errors.Is(err, storage.ErrChanged) {
		return &worker.TaskError{BadData: true, Path: path, Msg: storage.ErrChanged.Error()}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &worker.TaskError{Path: path, Msg: "the file is gone since the run began: another program, mr compact perhaps, has replaced or removed it; run again"}
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return &worker.TaskError{Path: path, Msg: err.Error()}
}

// record maps one record and takes what it emitted, all or nothing.
func (t *mapTask[K, V]) record(rec storage.Record, path string) error {
	err := t.emit(rec)
	if err != nil {
		reason := err.Error()
		if syntax, ok := errors.AsType[*storage.SyntaxError](err); ok {
			reason = syntax.Reason // the position is known
		}
		return t.badRecord(worker.BadRecord{Path: path, Line: rec.Line(), Offset: rec.Offset(), Reason: reason}, err)
	}
	for _, c := range t.out.counts {
		t.counters[cJobPrefix+c.name] += c.n
	}
	if t.out.skips {
		t.skipped++
		t.counters[cSkipPrefix+t.out.skip]++
		return nil
	}
	t.mapped++
	t.emitted += int64(len(t.out.pairs))
	if t.rows != nil {
		err = t.writeRows()
	} else {
		err = t.named(t.take())
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err // of the disk, not of the record
	}
	if err != nil {
		return taskError(path, rec.Line(), err)
	}
	return nil
}

// emit has the record's pairs emitted. An error is the record's: it is bad.
func (t *mapTask[K, V]) emit(rec storage.Record) error {
	t.out.reset()
	err := t.call(rec)
	t.out.open = false
	if err == nil {
		err = rec.Err()
	}
	return err
}

func (t *mapTask[K, V]) call(rec storage.Record) (err error) {
	defer recovered(&err)
	t.out.open = true
	return t.job.Map(rec, &t.out)
}

// badRecord counts a record that could not be used; one too many ends the task.
func (t *mapTask[K, V]) badRecord(b worker.BadRecord, cause error) error {
	t.bad++
	if t.task.MaxBad >= 0 && t.bad > t.task.MaxBad {
		err := &worker.TaskError{BadData: true, Path: b.Path, Line: b.Line, Msg: b.Reason}
		if p, ok := errors.AsType[*panicError](cause); ok {
			err.Detail = p.stack
		}
		return err
	}
	if len(t.result.Bad) < maxBadListed {
		t.result.Bad = append(t.result.Bad, b)
	}
	return nil
}

// take moves the record's pairs to the table.
func (t *mapTask[K, V]) take() (err error) {
	defer recovered(&err) // of Combine and of V's own methods
	limit := t.runBytes()
	start := 0
	for i := range t.out.pairs {
		p := &t.out.pairs[i]
		if err := t.table.Add(t.out.keys[start:p.end], &p.value); err != nil {
			return err
		}
		start = p.end
		if t.table.Size() >= limit {
			if err := t.spill(); err != nil {
				return err
			}
		}
	}
	if t.job.Combine != nil && !t.values.PointerFree() && t.overMemory() {
		return t.spill()
	}
	return nil
}

// overMemory reports whether what V's pointers lead to, which the table cannot see, fills more than half of the memory
// that the job leaves. The live heap is known from the last collection: after a spill, only the next one tells.
func (t *mapTask[K, V]) overMemory() bool {
	if t.setup.MemoryBytes == 0 || t.table.Len() == 0 || t.mapped%16 != 0 {
		return false
	}
	metrics.Read(t.heap)
	live, cycles := int64(t.heap[0].Value.Uint64()), t.heap[1].Value.Uint64()
	if cycles == t.cycles {
		return false
	}
	t.cycles = cycles
	return live-t.baseBytes > max(t.setup.MemoryBytes-t.baseBytes, t.setup.MemoryBytes/4)/2
}

// spill writes the table to a run and empties it.
func (t *mapTask[K, V]) spill() error {
	pairs := t.table.Pairs()
	if pairs == 0 {
		return nil
	}
	w, err := shuffle.CreateRun(filepath.Join(t.task.Dir, fmt.Sprintf("%05d.run", len(t.result.Runs))))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := t.table.WriteTo(w); err != nil {
		return err
	}
	run, err := w.Commit()
	if err != nil {
		return err
	}
	for i, s := range run.Samples {
		n, err := t.keys.GroupLen(s)
		if err != nil {
			return err
		}
		run.Samples[i] = s[:n]
	}
	metrics.Read(t.heap)
	t.cycles = t.heap[1].Value.Uint64()
	t.spilled += run.Pairs
	t.combined += pairs - run.Pairs
	t.result.Runs = append(t.result.Runs, worker.Run{
		Path: run.Path, Bytes: run.Bytes, Pairs: run.Pairs,
		Samples: run.Samples, SampleBytes: run.Bytes / int64(max(len(run.Samples), 1)),
	})
	return nil
}

// writeRows writes the record's pairs as rows.
func (t *mapTask[K, V]) writeRows() (err error) {
	defer recovered(&err) // of the key's and the value's own methods
	start := 0
	for i := range t.out.pairs {
		p := &t.out.pairs[i]
		key, err := t.keys.Decode(t.out.keys[start:p.end])
		if err != nil {
			return err
		}
		start = p.end
		t.cells = append(t.keys.Cells(&key, t.cells[:0]), p.value)
		t.rows.Add(t.cells...)
	}
	return t.rows.err
}

func (t *mapTask[K, V]) finish() error {
	if t.rows != nil {
		rows, err := t.rows.publish()
		if err != nil {
			return err
		}
		t.result.Rows = rows
		t.counters[cRows] = rows.Rows
	} else if err := t.named(t.spill()); err != nil {
		return err
	}
	t.counters[cMapped], t.counters[cSkipped], t.counters[cBad] = t.mapped, t.skipped, t.bad
	t.counters[cEmitted], t.counters[cCombined], t.counters[cSpilled] = t.emitted, t.combined, t.spilled
	t.result.Counters = t.counters
	return nil
}
