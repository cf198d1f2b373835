package ingest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestDedup leaves out documents that come again, in the same run or in a later one.
func TestDedup(t *testing.T) {
	p := newPlace(t, t.TempDir())
	at := func(id string, hours int64) rawlog.Record {
		rec := classic(id)
		rec.Time += hours * 60 * 60 * 1000
		return rec
	}
	bad := at("b", 0)
	bad.Data = []byte("{")
	p.log(t, "a.1", at("a", 0), at("a", 1), bad, at("b", 0))
	p.log(t, "a.2", at("a", 3), at("b", 2), at("c", 2))
	c := p.config(t)
	c.Dedup, c.Batch = 2*time.Hour, 1
	counts := run(t, c)
	if counts.Duplicates != 2 || counts.Written != 4 || counts.Read != 7 || counts.Refused() != 1 {
		t.Errorf("%v", &counts)
	}
	p.log(t, "a.3", at("c", 0), at("c", 5), at("d", 0))
	counts = run(t, p.withDedup(t, 2*time.Hour))
	if counts.Duplicates != 1 || counts.Written != 2 {
		t.Errorf("later: %v", &counts)
	}
	counts = run(t, p.withDedup(t, 2*time.Hour))
	if counts.Read != 0 {
		t.Errorf("nothing new: %v", &counts)
	}
}

func (p place) withDedup(t *testing.T, window time.Duration) ingest.Config {
	c := p.config(t)
	c.Dedup = window
	return c
}

// idFiles are the files in which the ids of documents are kept.
func (p place) idFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.store, ".ingest", "ids", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestDedupForgets runs on for many windows: it keeps what is needed of the last ones.
func TestDedupForgets(t *testing.T) {
	p := newPlace(t, t.TempDir())
	for day := range 12 {
		rec := classic("x")
		rec.Time += int64(day) * 24 * 60 * 60 * 1000
		p.log(t, fmt.Sprintf("a.%d", day), rec)
	}
	c := p.withDedup(t, 6*time.Hour)
	c.Batch = 1
	if counts := run(t, c); counts.Written != 12 {
		t.Errorf("%v", &counts)
	}
	if files := p.idFiles(t); len(files) != 1 {
		t.Errorf("%d files of ids are kept", len(files))
	}
}

// TestDedupClock has a record from a machine with a damaged clock: what is known of others stays known.
func TestDedupClock(t *testing.T) {
	p := newPlace(t, t.TempDir())
	damaged := classic("y")
	damaged.Time = 9007199254740000
	var counts ingest.Counts
	for i, rec := range []rawlog.Record{classic("x"), damaged, classic("z"), classic("x")} {
		p.log(t, fmt.Sprintf("a.%d", i), rec)
		counts = run(t, p.withDedup(t, time.Hour))
	}
	if counts.Duplicates != 1 {
		t.Errorf("at the end %v", &counts)
	}
}

// TestDedupDamage names a file of ids that is damaged, and says what to do.
func TestDedupDamage(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"))
	run(t, p.withDedup(t, time.Hour))
	name := p.idFiles(t)[0]
	if err := os.WriteFile(name, []byte("damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := ingest.Run(t.Context(), p.withDedup(t, time.Hour))
	if err == nil || !strings.Contains(err.Error(), name+" is damaged; it may be removed") {
		t.Errorf("error %v", err)
	}
}

// TestDedupRestarts makes the same store in one run as in one for each batch, whatever the times of the records, and whatever was
// forgotten.
func TestDedupRestarts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4 {
		one, many := newPlace(t, t.TempDir()), newPlace(t, t.TempDir())
		late := 0
		for i := range 6 {
			var records []rawlog.Record
			for range 10 {
				rec := classic(fmt.Sprint(rng.IntN(6)))
				rec.Time += rng.Int64N(12) * 20 * 60 * 1000
				if rng.IntN(15) == 0 {
					rec.Time += 10 * 24 * 60 * 60 * 1000
					late++
				}
				records = append(records, rec)
			}
			name := fmt.Sprintf("a.%d", i)
			one.log(t, name, records...)
			many.log(t, name, records...)
			run(t, many.withDedup(t, time.Hour))
		}
		c := one.withDedup(t, time.Hour)
		c.Batch = 1
		counts := run(t, c)
		if got, want := contents(t, many.store), contents(t, one.store); !reflect.DeepEqual(got, want) || counts.Duplicates == 0 {
			t.Fatalf("%d records of ten days later: %v, in one run %v (%v)", late, got, want, &counts)
		}
	}
}
