package worker

import (
	"fmt"
	"time"
)

// A watch decides when a worker that is doing a task is lost. It counts the time that this process was running: one that
// was itself stopped for an hour, with its messages waiting, has not seen a worker be silent for an hour.
type watch struct {
	silence, stall time.Duration // limits; a stall of 0 is no limit
	period         time.Duration // between ticks

	last          time.Time // tick
	silent, still time.Duration
	steps         int64
}

func newWatch(silence, stall time.Duration) *watch {
	shortest := silence
	if stall > 0 {
		shortest = min(silence, stall)
	}
	return &watch{
		silence: silence, stall: stall,
		period: min(max(shortest/8, time.Millisecond), time.Second),
		last:   time.Now(), steps: -1,
	}
}

// beat notes a message.
func (w *watch) beat(p Progress) {
	w.silent = 0
	if p.Steps != w.steps {
		w.steps, w.still = p.Steps, 0
	}
}

// tick returns why the worker is lost, or "".
func (w *watch) tick(now time.Time) (class Class, reason string) {
	passed := min(now.Sub(w.last), 2*w.period)
	w.last = now
	w.silent += passed
	w.still += passed
	switch {
	case w.silent >= w.silence:
		return Gone, fmt.Sprintf("no sign of life for %v", w.silence)
	case w.stall > 0 && w.still >= w.stall:
		return Hang, fmt.Sprintf("no progress for %v", w.stall)
	}
	return "", ""
}
