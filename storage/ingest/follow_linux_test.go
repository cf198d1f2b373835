package ingest_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestFollowFullDisk has disks run full under Follow at many levels, and makes room: it goes on, and the store is that of a disk
// that was never full.
func TestFollowFullDisk(t *testing.T) {
	dir := smallDisk(t)
	undisturbed := newPlace(t, t.TempDir())
	undisturbed.fill(t)
	c := undisturbed.config(t)
	c.Batch, c.Dedup, c.Stats = 20_000, time.Hour, filepath.Join(undisturbed.dir, "stats")
	run(t, c)
	want, wantRefused := contents(t, undisturbed.dir), refused(t, filepath.Join(undisturbed.raw, "rejects"))

	const levels = 6
	for level := range levels {
		p := newPlace(t, filepath.Join(dir, strconv.Itoa(level)))
		p.fill(t)
		c := p.config(t)
		c.Batch, c.Dedup, c.Retry, c.Stats = 20_000, time.Hour, time.Millisecond, filepath.Join(p.dir, "stats")
		free := leave(t, dir, int64(level)*400_000/levels)
		f := follow(t, c)
		if level < levels/2 {
			f.hears(t, "no space left on device; trying again in 1ms")
		}
		free()
		f.until(t, "the last raw log", p.isDone("telemetry.log.v2.host.1.1023"))
		f.end(t)
		p.same(t, want, wantRefused)
		if err := os.RemoveAll(p.dir); err != nil {
			t.Fatal(err)
		}
	}
}
