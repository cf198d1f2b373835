package worker // the clock of a watch is no part of the API

import (
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	const second = time.Second
	type event struct {
		after time.Duration
		steps int64 // of a message; -1 is a tick
		want  string
	}
	tick := func(after time.Duration, want string) event { return event{after, -1, want} }
	beat := func(steps int64) event { return event{0, steps, ""} }
	for name, events := range map[string][]event{
		"silent": {tick(second, ""), tick(second, ""), tick(second, ""), tick(second, "no sign of life for 4s")},
		"heard":  {tick(3*second/2, ""), beat(1), tick(3*second/2, ""), beat(2), tick(3*second/2, ""), beat(3), tick(second, "")},
		"stalled": {
			beat(5), tick(second, ""), beat(5), tick(second, ""), beat(5), tick(second, ""), beat(5), tick(second, ""), beat(5),
			tick(second, ""), beat(5), tick(second, "no progress for 6s"),
		},
		"this process was stopped": {tick(second, ""), tick(time.Hour, ""), beat(1), tick(second, ""), tick(time.Hour, "")},
		"silent after that":        {tick(time.Hour, ""), tick(second, ""), tick(second, "no sign of life for 4s")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatch(4*second, 6*second)
			w.period = second
			now := w.last
			for i, e := range events {
				now = now.Add(e.after)
				if e.steps >= 0 {
					w.beat(Progress{Steps: e.steps})
				} else if _, got := w.tick(now); got != e.want {
					t.Errorf("event %d: tick = %q, want %q", i, got, e.want)
				}
			}
		})
	}
}

func TestWatchWithoutStallLimit(t *testing.T) {
	w := newWatch(time.Second, 0)
	now := w.last
	for range 1000 {
		now = now.Add(w.period)
		w.beat(Progress{Steps: 1})
		if _, got := w.tick(now); got != "" {
			t.Fatalf("tick = %q, want none", got)
		}
	}
}
