package mapreduce

import (
	"sync"
	"time"
)

// watchEvery is the time between two looks at a run: at its memory, and for Config.Progress. Workers tell how far they are as
// often.
const watchEvery = 200 * time.Millisecond

// A monitor looks at a run from time to time.
type monitor struct {
	pool   *pool
	meter  *meter
	report func(Progress) // may be nil
	quit   chan struct{}
	ended  chan struct{}

	mu   sync.Mutex
	peak int64 // bytes; guarded by mu
}

func startMonitor(p *pool, m *meter, report func(Progress)) *monitor {
	w := &monitor{pool: p, meter: m, report: report, quit: make(chan struct{}), ended: make(chan struct{})}
	go w.watch()
	return w
}

func (w *monitor) watch() {
	defer close(w.ended)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.quit:
			return
		case <-tick.C:
		}
		w.look()
		if w.report != nil {
			w.report(w.meter.progress())
		}
	}
}

// look notes how much memory is in use. It is called once more before workers are stopped.
func (w *monitor) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peak = max(w.peak, treeMemory(w.pool.pids()))
}

// stop returns the largest memory that was seen.
func (w *monitor) stop() int64 {
	close(w.quit)
	<-w.ended
	w.look()
	return w.peak
}
