package mapreduce

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// mapTask is a map task under way: it reads the records, and accounts for each.
type mapTask struct {
	*station
	job        mapper
	remarks    *remarks // of the record at hand
	task       worker.MapTask
	rows       *Rows           // of a map-only job
	quarantine *quarantinePart // nil if bad records are not to be kept
	result     worker.MapResult
	counters   worker.Counters

	mapped, skipped, bad, emitted, combined, spilled int64
	stored                                           int64 // bytes of finished files
}

// A mapper is the part of a map task that knows the types of the job.
type mapper interface {
	open() error
	// emit has the record's pairs emitted. An error is the record's: it is bad.
	emit(rec storage.Record) error
	// take takes these pairs.
	take() error
	// finish is called after the last record.
	finish() error
}

// maxBadListed is how many bad records a task describes; the rest are counted.
const maxBadListed = 10

func (t *mapTask) do(ctx context.Context, progress func(worker.Progress)) (worker.MapResult, error) {
	defer t.close()
	if err := t.open(); err != nil {
		return worker.MapResult{}, err
	}
	if t.task.Probe != nil {
		return worker.MapResult{}, t.probe(ctx, progress)
	}
	for i, f := range t.task.Files {
		if err := t.file(ctx, i, f, progress); err != nil {
			return worker.MapResult{}, err
		}
	}
	if err := t.finish(); err != nil {
		return worker.MapResult{}, err
	}
	return t.result, nil
}

func (t *mapTask) open() error {
	if t.task.Quarantine {
		var err error
		if t.quarantine, err = createQuarantinePart(t.task.Prefix); err != nil {
			return err
		}
	}
	return t.job.open()
}

func (t *mapTask) close() {
	if t.rows != nil {
		t.rows.close()
	}
	if t.quarantine != nil {
		t.quarantine.close()
	}
}

// file maps the records of the n-th file.
func (t *mapTask) file(ctx context.Context, n int, in worker.File, progress func(worker.Progress)) error {
	if in.Damaged {
		if t.setup.Checksums {
			t.result.Checksums = append(t.result.Checksums, 0) // one for each file
		}
		return nil
	}
	o := t.readOptions(in)
	var sum hash.Hash32
	if t.setup.Checksums {
		sum = crc32.NewIEEE()
		o.Stored = sum
	}
	r, err := t.reader(in, o)
	if err != nil {
		return err
	}
	defer r.Close()
	aside := asideIn(in)
	for rec, err := range r.Records() {
		if syntax, ok := errors.AsType[*storage.SyntaxError](err); ok {
			err = t.badRecord(r, &in, rec, worker.BadRecord{
				Path: in.Path, Line: syntax.Line, Offset: syntax.Offset, Class: classLine, Reason: syntax.Reason,
			})
		} else if err != nil {
			err = fileError(in.Path, err)
		} else if len(aside) > 0 && rec.Offset() == aside[0].Offset {
			err = t.badRecord(r, &in, rec, aside[0])
			aside = aside[1:]
		} else {
			t.mark.Record(n, rec.Line(), rec.Offset())
			err = t.record(r, &in, rec)
			if t.task.Careful {
				worker.Settle(t.setup.MemoryBytes)
			}
			t.mark.Done()
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

// reader opens a file of the task.
func (t *mapTask) reader(in worker.File, o storage.ReadOptions) (*storage.Reader, error) {
	file, err := t.tree.File(in.Path, in.Size)
	if err != nil {
		return nil, err
	}
	r, err := file.Open(o)
	if err != nil {
		return nil, fileError(in.Path, err)
	}
	if err := unchanged(r, in); err != nil {
		_ = r.Close() // only read
		return nil, err
	}
	return r, nil
}

// asideIn are the records of the file that are left aside and are not before the part of it that is read.
func asideIn(in worker.File) []worker.BadRecord {
	i := slices.IndexFunc(in.Aside, func(b worker.BadRecord) bool { return b.Offset >= in.Part.Start })
	if i < 0 {
		return nil
	}
	return in.Aside[i:]
}

// probe gives the job one record, or none and reads the file to its end if no record is at the offset.
func (t *mapTask) probe(ctx context.Context, progress func(worker.Progress)) error {
	var steps int64
	for i, in := range t.task.Files {
		if in.Path != t.task.Probe.Path {
			continue
		}
		r, err := t.reader(in, t.readOptions(in))
		if err != nil {
			return err
		}
		defer r.Close()
		for rec, err := range r.Records() {
			if _, ok := errors.AsType[*storage.SyntaxError](err); !ok && err != nil {
				return fileError(in.Path, err)
			}
			if err == nil && rec.Offset() == t.task.Probe.Offset {
				t.mark.Record(i, rec.Line(), rec.Offset())
				_ = t.record(r, &in, rec) // the job gets it again if it survives this
				err := t.finish()
				worker.Settle(t.setup.MemoryBytes)
				t.mark.Done()
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			steps++
			progress(worker.Progress{Steps: steps})
		}
	}
	return nil
}

// readOptions say how a file is read.
func (t *mapTask) readOptions(in worker.File) storage.ReadOptions {
	return storage.ReadOptions{MaxRecordBytes: int(t.setup.RecordBytes), MaxWindowBytes: t.maxWindow(), Part: storage.Part(in.Part)}
}

// maxWindow is how much memory decoding a file may take, 0 for as much as there is in any: as much as most programs that
// compress ask for, or half of a worker's share.
func (t *mapTask) maxWindow() int64 {
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
// records come before their checksum, a bad one is as likely to be noise. Within a budget, no record of a damaged file counts.
func (t *mapTask) damageFirst(ctx context.Context, r *storage.Reader, path string, err error, progress func(worker.Progress)) error {
	bad, ok := errors.AsType[*worker.TaskError](err)
	f := r.Format()
	if !ok || !bad.BadData || bad.Line == 0 || f.Cuts == storage.CutsNone || f.Verified && t.task.MaxBad <= 0 {
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
		return &worker.TaskError{BadData: true, Damaged: true, Path: path, Offset: d.Offset, Msg: d.Reason()}
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
func (t *mapTask) record(r *storage.Reader, in *worker.File, rec storage.Record) error {
	err := t.job.emit(rec)
	if err != nil {
		b := worker.BadRecord{Path: in.Path, Line: rec.Line(), Offset: rec.Offset(), Class: classError, Reason: err.Error()}
		if p, ok := errors.AsType[*panicError](err); ok {
			b.Class, b.Detail = classPanic, p.stack
		} else if syntax, ok := errors.AsType[*storage.SyntaxError](err); ok {
			b.Class, b.Reason = classValue, syntax.Reason // the position is known
		}
		return t.badRecord(r, in, rec, b)
	}
	for _, c := range t.remarks.counts {
		t.counters[cJobPrefix+c.name] += c.n
	}
	if t.remarks.skips {
		t.skipped++
		t.counters[cSkipPrefix+t.remarks.skip]++
		return nil
	}
	t.mapped++
	err = t.job.take()
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err // of the disk, not of the record
	}
	if err != nil {
		return taskError(in.Path, rec.Line(), err)
	}
	return nil
}

// badRecord counts a record, or a line that is none, that could not be used; one too many ends the task.
func (t *mapTask) badRecord(r *storage.Reader, in *worker.File, rec storage.Record, b worker.BadRecord) error {
	t.bad++
	t.counters[cBadPrefix+b.Class]++
	if t.task.MaxBad >= 0 && t.bad > t.task.MaxBad {
		err := firstBad([]worker.BadRecord{b})
		if t.task.MaxBad > 0 {
			return (&excess{records: t.bad}).because(err)
		}
		return err
	}
	if len(t.result.Bad) < maxBadListed {
		t.result.Bad = append(t.result.Bad, b)
	}
	if t.quarantine != nil {
		return t.quarantine.add(b, rec, in.Part.Start+r.Counts().Bytes-b.Offset)
	}
	return nil
}

func (t *mapTask) finish() error {
	if err := t.job.finish(); err != nil {
		return err
	}
	if t.rows != nil {
		rows, err := t.rows.publish()
		if err != nil {
			return err
		}
		t.result.Rows = rows
		t.counters[cRows] = rows.Rows
	}
	if t.quarantine != nil {
		var err error
		if t.result.Quarantine, err = t.quarantine.publish(); err != nil {
			return err
		}
	}
	t.counters[cMapped], t.counters[cSkipped], t.counters[cBad] = t.mapped, t.skipped, t.bad
	t.counters[cEmitted], t.counters[cCombined], t.counters[cSpilled] = t.emitted, t.combined, t.spilled
	t.result.Counters = t.counters
	return nil
}
