package mapreduce

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// mapping is the mapper of a map task.
type mapping[K comparable, V any] struct {
	w       *jobWorker[K, V]
	t       *mapTask
	out     Emitter[K, V]
	key     K // of a row
	scratch []byte
	cells   []any // of a row

	heap   []metrics.Sample // live bytes, cycles of the collector
	cycles uint64           // when heap was read last
}

func (w *jobWorker[K, V]) Map(ctx context.Context, task worker.MapTask, progress func(worker.Progress)) (worker.MapResult, error) {
	m := &mapping[K, V]{w: w, heap: []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}}
	m.out.codec = w.keys
	m.t = &mapTask{station: &w.station, job: m, remarks: &m.out.remarks, task: task, counters: worker.Counters{}}
	return m.t.do(ctx, progress)
}

func (m *mapping[K, V]) open() error {
	w := m.w
	if w.job.mapOnly() {
		var err error
		m.t.rows, err = w.createRows(m.t.task.Prefix)
		return err
	}
	if w.memo == nil {
		w.memo = keys.NewMemo[K, shuffle.Place]()
	}
	w.memo.Forget()
	m.out.memo = w.memo
	if w.table == nil {
		if !w.values.PointerFree() {
			runtime.GC()
			metrics.Read(m.heap)
			w.baseBytes = int64(m.heap[0].Value.Uint64())
		}
		w.table = shuffle.NewTable(shuffle.TableJob[V]{Combine: w.combiner(), Clone: w.values.Clone, Append: w.appendValue})
	}
	w.table.Reset()
	return nil
}

// combiner is Combine for values that may borrow from the record.
func (w *jobWorker[K, V]) combiner() func(acc *V, v V) {
	if w.job.Combine == nil || !w.values.Shares() {
		return w.job.Combine
	}
	return func(acc *V, v V) { w.job.Combine(acc, w.values.Owned(v)) }
}

func (m *mapping[K, V]) emit(rec storage.Record) error {
	m.out.reset()
	err := m.call(rec)
	m.out.open = false
	if err == nil {
		err = rec.Err()
	}
	return err
}

func (m *mapping[K, V]) call(rec storage.Record) (err error) {
	defer recovered(&err)
	m.out.open = true
	return m.w.job.Map(rec, &m.out)
}

func (m *mapping[K, V]) take() error {
	m.t.emitted += int64(len(m.out.pairs))
	if m.t.rows != nil {
		return m.toRows()
	}
	return m.w.named(m.toTable())
}

func (m *mapping[K, V]) finish() error {
	if m.t.rows != nil {
		return nil
	}
	return m.w.named(m.spill())
}

// toRows writes the record's pairs as rows.
func (m *mapping[K, V]) toRows() (err error) {
	defer recovered(&err) // of the key's and the value's own methods
	start := 0
	for i := range m.out.pairs {
		p := &m.out.pairs[i]
		if m.key, err = m.w.keys.Decode(m.out.keys[start:p.end]); err != nil {
			return err
		}
		start = p.end
		m.cells = append(m.w.keys.Cells(&m.key, m.cells[:0]), cellOf(&p.value))
		m.t.rows.Add(m.cells...)
	}
	return m.t.rows.err
}

// toTable moves the record's pairs to the table.
func (m *mapping[K, V]) toTable() (err error) {
	defer recovered(&err) // of Combine and of V's own methods
	limit := m.w.runBytes()
	start := 0
	for i := range m.out.pairs {
		p := &m.out.pairs[i]
		if err := m.add(p, start); err != nil {
			return err
		}
		start = p.end
		if m.w.table.Size() >= limit {
			if err := m.spill(); err != nil {
				return err
			}
		}
	}
	if m.w.job.Combine != nil && !m.w.values.PointerFree() && m.overMemory() {
		return m.spill()
	}
	return nil
}

// add adds a pair to the table. If it was emitted without its place, its key begins at start.
func (m *mapping[K, V]) add(p *pair[V], start int) error {
	if p.note < 0 {
		_, err := m.w.table.Add(m.out.keys[start:p.end], &p.value)
		return err
	}
	place := m.out.memo.Of(p.note)
	if *place != 0 {
		return m.w.table.AddAt(*place, &p.value)
	}
	key := m.out.keys[start:p.end]
	if len(key) == 0 { // it had a place, but the table has been spilled
		key = m.w.keys.Append(m.scratch[:0], m.out.memo.Key(p.note))
		m.scratch = key
	}
	var err error
	*place, err = m.w.table.Add(key, &p.value)
	return err
}

// overMemory reports whether what V's pointers lead to, which the table cannot see, fills more than half of the memory
// that the job leaves. The live heap is known from the last collection: after a spill, only the next one tells.
func (m *mapping[K, V]) overMemory() bool {
	if m.w.setup.MemoryBytes == 0 || m.w.table.Len() == 0 || m.t.mapped%16 != 0 {
		return false
	}
	metrics.Read(m.heap)
	live, cycles := int64(m.heap[0].Value.Uint64()), m.heap[1].Value.Uint64()
	if cycles == m.cycles {
		return false
	}
	m.cycles = cycles
	return live-m.w.baseBytes > max(m.w.setup.MemoryBytes-m.w.baseBytes, m.w.setup.MemoryBytes/4)/2
}

// spill writes the table to a run and empties it.
func (m *mapping[K, V]) spill() error {
	pairs := m.w.table.Pairs()
	if pairs == 0 {
		return nil
	}
	w, err := shuffle.CreateRun(fmt.Sprintf("%s%05d.run", m.t.task.Prefix, len(m.t.result.Runs)))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := m.w.table.WriteTo(w); err != nil {
		return err
	}
	m.w.memo.Forget()
	run, err := w.Commit()
	if err != nil {
		return err
	}
	for i, s := range run.Samples {
		n, err := m.w.keys.GroupLen(s)
		if err != nil {
			return err
		}
		run.Samples[i] = s[:n]
	}
	metrics.Read(m.heap)
	m.cycles = m.heap[1].Value.Uint64()
	m.t.spilled += run.Pairs
	m.t.combined += pairs - run.Pairs
	m.t.result.Runs = append(m.t.result.Runs, worker.Run{
		Path: run.Path, Bytes: run.Bytes, Pairs: run.Pairs,
		Samples: run.Samples, SampleBytes: run.Bytes / int64(max(len(run.Samples), 1)),
	})
	return nil
}
