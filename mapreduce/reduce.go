package mapreduce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// reduceTask is a reduce task under way: a cursor over the groups of a key range.
type reduceTask[K comparable, V any] struct {
	w        *jobWorker[K, V]
	ctx      context.Context
	merger   *shuffle.Merger
	progress func(worker.Progress)
	rows     *Rows
	cells    []any
	careful  bool // the mark tells of each key

	more    bool   // the merger is at an entry
	entered bool   // and its values are being taken
	values  []byte // of that entry, not yet taken
	group   []byte // encoded key of the group at hand, without order fields
	full    []byte // encoded key of the values at hand
	open    bool   // the group's values may be read
	key     K      // of a row
	value   V      // at hand
	other   V      // to be combined with value
	copy    []byte // what value borrows from
	err     error  // of reading values; ends the stream

	read, merged, taken, groups, steps int64
}

func (w *jobWorker[K, V]) Reduce(ctx context.Context, task worker.ReduceTask, progress func(worker.Progress)) (worker.ReduceResult, error) {
	w.table = nil // its memory is the merge's now
	paths := make([]string, len(task.Runs))
	for i, r := range task.Runs {
		paths[i] = r.Path
	}
	out, err := w.createRows(task.Prefix)
	if err != nil {
		return worker.ReduceResult{}, err
	}
	defer out.close()
	t := &reduceTask[K, V]{w: w, ctx: ctx, progress: progress, rows: out, careful: task.Careful}
	if t.merger, err = shuffle.Merge(paths, task.Low, task.High, w.fanIn(), task.Prefix, t.step); err != nil {
		return worker.ReduceResult{}, reduceError(err)
	}
	defer t.merger.Close()
	if err := t.run(); err != nil {
		return worker.ReduceResult{}, reduceError(err)
	}
	rows, err := out.publish()
	if err != nil {
		return worker.ReduceResult{}, reduceError(err)
	}
	return worker.ReduceResult{Rows: *rows, Counters: worker.Counters{
		cRead: t.read, cMerged: t.merged, cValues: t.taken, cGroups: t.groups, cRows: rows.Rows,
	}}, nil
}

// fanIn is how many runs are merged at once: their blocks take a quarter of the memory, and they a quarter of the files that
// may be open.
func (s *station) fanIn() int {
	most := min(openFiles()/4, shuffle.MaxFanIn)
	if s.setup.MemoryBytes > 0 {
		most = min(most, s.setup.MemoryBytes/4/shuffle.BlockBytes)
	}
	return int(most)
}

func reduceError(err error) error {
	if _, ok := errors.AsType[*worker.TaskError](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	return taskError("", 0, err)
}

func (t *reduceTask[K, V]) run() error {
	t.more = t.merger.Next()
	for t.nextGroup() {
		key, err := t.w.keys.Decode(t.full)
		if err != nil {
			return err
		}
		if t.careful {
			t.w.mark.Key(printKey(key))
		}
		err = t.reduce(key)
		t.w.mark.Done()
		if err != nil {
			return taskError("", 0, fmt.Errorf("reducing key %s: %w", printKey(key), err))
		}
		t.groups++
		if err := t.step(); err != nil {
			return err
		}
	}
	return t.err
}

// step reports that the task gets on, and whether it is to go on.
func (t *reduceTask[K, V]) step() error {
	t.steps++
	t.progress(worker.Progress{Steps: t.steps, Records: t.read})
	return t.ctx.Err()
}

// nextGroup moves to the next group. Values of the group before that were not read are read past.
func (t *reduceTask[K, V]) nextGroup() bool {
	for t.next(&t.value) {
	}
	t.open = false
	if t.err != nil || !t.more {
		if t.err == nil {
			t.err = t.merger.Err()
		}
		return false
	}
	t.full = append(t.full[:0], t.merger.Key()...)
	n := len(t.full)
	if t.w.keys.Ordered() && t.w.job.Reduce != nil {
		if n, t.err = t.w.keys.GroupLen(t.full); t.err != nil {
			return false
		}
	}
	t.group = append(t.group[:0], t.full[:n]...)
	t.open = true
	return true
}

// next takes the next value of the group. It returns false at the group's end and at an error.
func (t *reduceTask[K, V]) next(v *V) bool {
	if !t.open || t.err != nil || !t.nextEntry(t.group) {
		return false
	}
	t.taken++
	if t.w.job.Combine == nil {
		return t.decode(v, t.w.values.Decode)
	}
	t.full = append(t.full[:0], t.merger.Key()...)
	if t.w.job.Reduce != nil { // which may keep the value
		t.decode(v, t.w.values.Decode)
	} else {
		t.decode(v, t.decodeCopy)
	}
	for t.err == nil && t.nextEntry(t.full) {
		if t.decode(&t.other, t.w.values.BorrowDecode) {
			t.err = t.combine(v, t.other)
			t.merged++
		}
	}
	return t.err == nil
}

// nextEntry sees to it that there is a value whose key starts with prefix. No key is a prefix of another, so a group's
// key is a prefix of the keys of the group alone.
func (t *reduceTask[K, V]) nextEntry(prefix []byte) bool {
	for {
		if t.entered && len(t.values) > 0 {
			return bytes.HasPrefix(t.merger.Key(), prefix)
		}
		if t.entered {
			t.more, t.entered = t.merger.Next(), false
			t.err = t.merger.Err()
		}
		if !t.more || t.err != nil || !bytes.HasPrefix(t.merger.Key(), prefix) {
			return false
		}
		t.values, t.entered = t.merger.Values(), true
		t.read += t.merger.Count()
	}
}

// decode takes the next value of the entry at hand.
func (t *reduceTask[K, V]) decode(v *V, decode func([]byte, *V) error) bool {
	var b []byte
	if b, t.values, t.err = shuffle.NextValue(t.values); t.err == nil {
		t.err = decode(b, v)
	}
	t.steps++
	t.progress(worker.Progress{Steps: t.steps, Records: t.read})
	return t.err == nil
}

// decodeCopy decodes a value that is valid until the next call, and does not borrow from the run, which moves on.
func (t *reduceTask[K, V]) decodeCopy(b []byte, v *V) error {
	t.copy = append(t.copy[:0], b...)
	return t.w.values.BorrowDecode(t.copy, v)
}

func (t *reduceTask[K, V]) combine(acc *V, v V) (err error) {
	defer recovered(&err)
	t.w.job.Combine(acc, v)
	return nil
}

// reduce makes the rows of the group at hand.
func (t *reduceTask[K, V]) reduce(key K) (err error) {
	defer recovered(&err)
	if t.w.job.Reduce == nil {
		if !t.next(&t.value) {
			return t.err
		}
		t.key = key
		t.cells = append(t.w.keys.Cells(&t.key, t.cells[:0]), cellOf(&t.value))
		t.rows.Add(t.cells...)
		return t.rows.err
	}
	ranged, done := false, false
	err = t.w.job.Reduce(key, func(yield func(V) bool) {
		if ranged || done {
			panic("the values of a key can be ranged over once, in the call of Reduce")
		}
		ranged = true
		for {
			var v V // each its own: the job may keep it
			if !t.next(&v) || !yield(v) {
				return
			}
		}
	}, t.rows)
	done = true
	if t.err != nil {
		return t.err
	}
	if err != nil {
		return err
	}
	return t.rows.err
}

// printKey shows a key in a message, on one line.
func printKey[K comparable](key K) string {
	if s, ok := any(key).(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%+q", fmt.Sprintf("%+v", key))
}
