package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

var kills = flag.Int("kills", 8, "how many times TestKill and TestPower kill an ingesting process")

// TestMain makes the test binary, called with "ingest DIR" alone, a process that ingests what lies in that place, to be killed.
func TestMain(m *testing.M) { testkit.MainOr(m, "ingest", ingestIn) }

func ingestIn(dir string) error {
	tree, err := storage.Open(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	cache, err := revision.Open(revision.Options{Dir: filepath.Join(dir, "revisions")})
	if err != nil {
		return err
	}
	c := ingest.Config{
		Raw: filepath.Join(dir, "raw"), Store: tree, Revisions: cache, Batch: 20_000, Workers: 2,
		Stats: filepath.Join(dir, "stats"),
	}
	if _, err := os.Stat(filepath.Join(dir, withDedup)); err == nil {
		c.Dedup = time.Hour
	}
	_, err = ingest.Run(context.Background(), c)
	return err
}

// withDedup is the name of a file in the place of ingestIn that makes it leave out duplicates.
const withDedup = "dedup"

// fill writes raw logs that make about a dozen batches of some files each, and refused records.
func (p place) fill(t *testing.T) {
	t.Helper()
	p.fillTwice(t, 24)
}

// fillTwice is fill with raw logs of which those from second on have the records of the first ones again.
func (p place) fillTwice(t *testing.T, second int) {
	t.Helper()
	for i := range 24 {
		var records []rawlog.Record
		for k := range 30 {
			rec := classic(fmt.Sprintf("%d-%d", i%second, k))
			rec.Time += int64(k%4) * 24 * 60 * 60 * 1000
			if k%9 == 0 {
				rec.Data = []byte("{")
			}
			records = append(records, rec)
		}
		p.log(t, fmt.Sprintf("telemetry.log.v2.host.1.%d", 1000+i), records...)
	}
}

// TestKill kills an ingesting process again and again, until one gets to the end, and compares with what one does that is
// left alone.
func TestKill(t *testing.T) {
	if testing.Short() {
		*kills = min(*kills, 3)
	}
	t.Run("plain", func(t *testing.T) { testKill(t, false, func(p place) { p.fill(t) }) })
	t.Run(withDedup, func(t *testing.T) {
		testKill(t, true, func(p place) { // some of the records come again when they are forgotten, some before
			p.fillTwice(t, 12)
			if err := os.WriteFile(filepath.Join(p.dir, withDedup), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func testKill(t *testing.T, leavesOut bool, fill func(place)) {
	undisturbed := newPlace(t, t.TempDir())
	fill(undisturbed)
	start := time.Now()
	if out, err := testkit.Process("ingest", undisturbed.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(start)
	want, wantRefused := contents(t, undisturbed.dir), refused(t, filepath.Join(undisturbed.raw, "rejects"))
	wantRecords := undisturbed.records(t)
	if leavesOut != (len(wantRecords) < 24*30-24*4) {
		t.Fatalf("%d records", len(wantRecords))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	killed, rounds := 0, 0
	for killed < *kills {
		p := newPlace(t, t.TempDir())
		fill(p)
		rounds++
		for {
			after := time.Duration(rng.Int64N(int64(whole)/2 + 1))
			if killed >= *kills {
				after = time.Hour
			}
			if !testkit.KillAfter(t, testkit.Process("ingest", p.dir), after) {
				break
			}
			killed++
			p.check(t, wantRecords)
		}
		p.same(t, want, wantRefused)
		if err := os.RemoveAll(p.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills in %d stores", killed, rounds)
}

// check reads what a reader sees after a kill: whole files, of records that belong to the store, each as often as there.
func (p place) check(t *testing.T, want []string) {
	t.Helper()
	for _, rec := range p.records(t) {
		i, ok := slices.BinarySearch(want, rec)
		if !ok {
			t.Fatalf("unexpected, or too often: %s", rec)
		}
		want = want[i+1:]
	}
}

// same compares with a place where nothing was killed.
func (p place) same(t *testing.T, want map[string]string, wantRefused map[string][]string) {
	t.Helper()
	got := contents(t, p.dir)
	for name, digest := range want {
		if got[name] != digest {
			t.Errorf("%s: %q, want %q", name, got[name], digest)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is left", name)
		}
	}
	if lines := p.statistics(t); lines != 24*30 {
		t.Errorf("the statistics have %d records, want %d", lines, 24*30)
	}
	if again := refused(t, filepath.Join(p.raw, "rejects")); !maps.EqualFunc(again, wantRefused, slices.Equal) {
		t.Errorf("refused: %v, want %v", again, wantRefused)
	}
}

// statistics returns how many records the lines of statistics have.
func (p place) statistics(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "stats"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		var counts struct {
			Read int `json:"records_read"`
		}
		if err := json.Unmarshal([]byte(line), &counts); err != nil {
			t.Log(err) // a disk was full
		}
		n += counts.Read
	}
	return n
}

// TestFullDisk ingests onto disks that are full at many levels, makes room, and goes on.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	undisturbed := newPlace(t, t.TempDir())
	undisturbed.fill(t)
	if out, err := testkit.Process("ingest", undisturbed.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, wantRefused := contents(t, undisturbed.dir), refused(t, filepath.Join(undisturbed.raw, "rejects"))
	wantRecords := undisturbed.records(t)

	levels := max(*kills, 8)
	full := 0
	for level := range levels {
		sub := filepath.Join(dir, strconv.Itoa(level))
		p := newPlace(t, sub)
		p.fill(t)
		free := leave(t, dir, int64(level)*500_000/int64(levels))
		out, err := testkit.Process("ingest", p.dir).CombinedOutput()
		if err != nil {
			full++
			if !strings.Contains(string(out), "no space left on device") {
				t.Errorf("level %d: %v\n%s", level, err, out)
			}
		}
		p.check(t, wantRecords)
		free()
		if out, err := testkit.Process("ingest", p.dir).CombinedOutput(); err != nil {
			t.Fatalf("level %d, with room: %v\n%s", level, err, out)
		}
		p.same(t, want, wantRefused)
		if err := os.RemoveAll(sub); err != nil {
			t.Fatal(err)
		}
	}
	if full == 0 {
		t.Error("the disk was never full")
	}
	t.Logf("full at %d of %d levels", full, levels)
}

// smallDisk makes a disk of 4 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small disk cannot be made: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// leave fills a disk but for so many bytes. free undoes it.
func leave(t *testing.T, dir string, bytes int64) (free func()) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(s.Bavail)*s.Bsize - bytes
	if err := errors.Join(syscall.Fallocate(int(f.Fd()), 0, 0, max(size, 1)), f.Close()); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
