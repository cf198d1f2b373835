package worker // how often a process is looked at cannot be seen from outside

import (
	"testing"
	"time"
)

// A process is looked at before it can have used what is left of its memory, and not much more often.
func TestLookAgain(t *testing.T) {
	for _, c := range []struct {
		left int64
		want time.Duration
	}{
		{0, lookAtMost},
		{4 << 20, lookAtMost},
		{512 << 20, 125 * time.Millisecond},
		{1 << 30, lookAtRest},
		{12 << 30, lookAtRest},
		{1 << 62, lookAtRest},
	} {
		if got := lookAgain(c.left); got != c.want {
			t.Errorf("%d bytes left: again after %v, want %v", c.left, got, c.want)
		}
	}
}
