package mapreduce

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// Progress is how far a run is.
type Progress struct {
	Phase   Phase
	Elapsed time.Duration // in this phase

	Done, Total int64 // stored bytes in the map phase, pairs in the reduce phase, bytes of rows in the join
	Records     int64 // read so far; of the map phase
	Files       int   // read to their end; of the map phase, like TotalFiles
	TotalFiles  int
}

// A Phase is a part of a run.
type Phase string

// The phases of a run, in order. A job that has neither Reduce nor Combine has no reduce phase. If the output is a file, rows are
// joined in the reduce phase already, and in the last one those that are left.
const (
	MapPhase    Phase = "map"
	ReducePhase Phase = "reduce"
	JoinPhase   Phase = "join"
)

// A meter gathers how far the tasks of a phase are.
type meter struct {
	mu    sync.Mutex // guards what follows
	phase Phase
	begun time.Time
	total int64
	tasks []taskMeter
	bytes *atomic.Int64 // joined; nil in other phases
}

// A taskMeter is written by whoever does the task.
type taskMeter struct {
	files         int // of a map task
	done, records atomic.Int64
	whole         atomic.Bool
}

// begin begins a phase of so many tasks. Their files are set before the first of them begins.
func (m *meter) begin(phase Phase, tasks int, total int64) []taskMeter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.begun, m.total, m.tasks, m.bytes = phase, time.Now(), total, make([]taskMeter, tasks), nil
	return m.tasks
}

// join begins the phase of joining, of which done tells.
func (m *meter) join(total int64, done *atomic.Int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.begun, m.total, m.tasks, m.bytes = JoinPhase, time.Now(), total, nil, done
}

// mapping is told of the progress of a map task, which may be that of another attempt.
func (t *taskMeter) mapping(p worker.Progress) {
	t.records.Store(p.Records)
	t.done.Store(p.Bytes)
}

// reducing is told of the progress of a reduce task, whose records are pairs.
func (t *taskMeter) reducing(p worker.Progress) { t.done.Store(p.Records) }

// finish is told of the end of the task.
func (t *taskMeter) finish(done, records int64) {
	t.done.Store(done)
	t.records.Store(records)
	t.whole.Store(true)
}

func (m *meter) progress() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{Phase: m.phase, Elapsed: time.Since(m.begun), Total: m.total}
	if m.bytes != nil {
		p.Done = m.bytes.Load()
	}
	for i := range m.tasks {
		t := &m.tasks[i]
		p.Done += t.done.Load()
		p.Records += t.records.Load()
		p.TotalFiles += t.files
		if t.whole.Load() {
			p.Files += t.files
		}
	}
	return p
}
