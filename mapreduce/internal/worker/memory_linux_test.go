package worker_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

const share = 64 << 20

func wantOverMemory(t *testing.T, err error, start bool, reason string) {
	t.Helper()
	e, ok := errors.AsType[*worker.LostError](err)
	if !ok || e.Class != worker.Memory || e.Start != start || !strings.Contains(e.Reason, reason) {
		t.Errorf("%v, want it lost for want of memory: %s", err, reason)
	}
}

// A process that takes memory without end is ended by this one's watch; if that does not look, by the kernel's refusal.
func TestOverMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests are for the race detector, which takes memory of its own")
	}
	t.Run("watched", func(t *testing.T) {
		o := options(t)
		o.MemoryBytes = share
		_, err := start(t, o).Map(t.Context(), worker.MapTask{Prefix: "hoard"}, nil)
		wantOverMemory(t, err, false, "MiB of memory; its share is 64 MiB")
	})
	t.Run("not watched", func(t *testing.T) {
		p := start(t, options(t))
		if _, err := p.Setup(t.Context(), worker.Setup{MemoryBytes: share}); err != nil {
			t.Fatal(err)
		}
		_, err := p.Map(t.Context(), worker.MapTask{Prefix: "hoard"}, nil)
		// The collector, too, may be refused what it needs; it then dies of a nil pointer.
		if e, ok := errors.AsType[*worker.LostError](err); !ok || e.Class != worker.Memory && e.Class != worker.Crash {
			t.Errorf("%v, want it lost for want of memory", err)
		}
	})
	t.Run("before Serve", func(t *testing.T) {
		o := options(t, "hoard")
		o.MemoryBytes = share
		_, err := worker.Start(t.Context(), o)
		wantOverMemory(t, err, true, "MiB of memory; its share is 64 MiB")
	})
}
