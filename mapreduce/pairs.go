package mapreduce

import (
	"fmt"
	"runtime/metrics"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// take moves the record's pairs to the table.
func (t *mapTask[K, V]) take() (err error) {
	defer recovered(&err) // of Combine and of V's own methods
	limit := t.runBytes()
	start := 0
	for i := range t.out.pairs {
		p := &t.out.pairs[i]
		if err := t.add(p, start); err != nil {
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

// add adds a pair to the table. If it was emitted without its place, its key begins at start.
func (t *mapTask[K, V]) add(p *pair[V], start int) error {
	if p.note < 0 {
		_, err := t.table.Add(t.out.keys[start:p.end], &p.value)
		return err
	}
	place := t.out.memo.Of(p.note)
	if *place != 0 {
		return t.table.AddAt(*place, &p.value)
	}
	key := t.out.keys[start:p.end]
	if len(key) == 0 { // it had a place, but the table has been spilled
		key = t.keys.Append(t.scratch[:0], t.out.memo.Key(p.note))
		t.scratch = key
	}
	var err error
	*place, err = t.table.Add(key, &p.value)
	return err
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
	w, err := shuffle.CreateRun(fmt.Sprintf("%s%05d.run", t.task.Prefix, len(t.result.Runs)))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := t.table.WriteTo(w); err != nil {
		return err
	}
	t.memo.Forget()
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
