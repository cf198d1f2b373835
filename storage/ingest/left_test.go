package ingest_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/ingest"
)

// A following is a Run with Config.Follow.
type following struct {
	stop context.CancelFunc
	done chan error
	said chan string // what it logs

	once   sync.Once
	counts ingest.Counts
}

// follow starts a Run, and ends it with the test.
func follow(t *testing.T, c ingest.Config) *following {
	ctx, stop := context.WithCancel(t.Context())
	f := &following{stop: stop, done: make(chan error, 1), said: make(chan string, 1000)}
	c.Follow = true
	c.Log = func(message string) { f.said <- message }
	go func() {
		var err error
		f.counts, err = ingest.Run(ctx, c)
		f.done <- err
	}()
	t.Cleanup(func() { f.end(t) })
	return f
}

// end returns the counts. Following has gone well if nothing but end has ended it.
func (f *following) end(t *testing.T) ingest.Counts {
	f.once.Do(func() {
		f.stop()
		if err := <-f.done; err != nil {
			t.Error(err)
		}
	})
	return f.counts
}

// until waits for a condition.
func (f *following) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.After(20 * time.Second); !is(); {
		select {
		case err := <-f.done:
			f.done <- nil
			t.Fatalf("%s: it has ended: %v", what, err)
		case <-deadline:
			t.Fatalf("%s: in vain", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// hears waits for a message.
func (f *following) hears(t *testing.T, text string) {
	t.Helper()
	f.until(t, text, func() bool {
		select {
		case message := <-f.said:
			return strings.Contains(message, text)
		default:
			return false
		}
	})
}

func (p place) isDone(name string) func() bool {
	return func() bool {
		_, err := os.Stat(filepath.Join(p.raw, "done", name+".finished"))
		return err == nil
	}
}

// TestFollowPastOther has a raw log come with the name of one that is in the store. It is left, and those after it are ingested.
func TestFollowPastOther(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"))
	f := follow(t, p.config(t))
	f.until(t, "a.1", p.isDone("a.1"))
	p.log(t, "a.1", classic("y"), classic("z"))
	f.hears(t, "raw log a.1.finished has ")
	p.log(t, "a.2", classic("v"))
	f.until(t, "a.2", p.isDone("a.2"))
	if err := os.Rename(filepath.Join(p.raw, "a.1.finished"), filepath.Join(p.raw, "a.3.finished")); err != nil {
		t.Fatal(err)
	}
	f.until(t, "a.3", p.isDone("a.3"))
	counts := f.end(t)
	if got := p.records(t); len(got) != 4 || counts.Left != 1 || counts.Segments != 3 {
		t.Errorf("%d records, %v", len(got), &counts)
	}
	close(f.said)
	for message := range f.said {
		if strings.Contains(message, "a.1.finished has") {
			t.Error("said twice")
		}
	}
}

// TestOthersGoOn has raw logs that cannot be ingested among others.
func TestOthersGoOn(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.2", classic("x"))
	run(t, p.config(t))
	p.log(t, "a.1", classic("1"))
	p.log(t, "a.2", classic("2"), classic("22")) // another one of that name
	p.log(t, "a.3", classic("3"))
	p.log(t, "a.4", classic("4"))
	c := p.config(t)
	var said []string
	c.Log = func(message string) {
		said = append(said, message)
		if err := os.RemoveAll(filepath.Join(p.raw, "a.3.finished")); err != nil { // after it was listed
			t.Error(err)
		}
	}
	counts, err := ingest.Run(t.Context(), c)
	if err == nil || err.Error() != "raw logs that were not ingested: 2; all others are in the store" || counts.Left != 2 {
		t.Errorf("%v, %v", err, &counts)
	}
	want := []string{"raw log a.2.finished has", "reading raw log a.3.finished: "}
	if !slices.EqualFunc(said, want, strings.HasPrefix) || !strings.HasSuffix(said[0], "; it is left where it is") {
		t.Errorf("said %q", said)
	}
	if got := p.records(t); len(got) != 3 {
		t.Errorf("the store has %q", got)
	}
	if _, err := os.Stat(filepath.Join(p.raw, "a.2.finished")); err != nil {
		t.Error(err)
	}
}

// TestUnreadable leaves a raw log that cannot be opened, and takes it up when it can.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read all files")
	}
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("1"))
	p.log(t, "a.2", classic("2"))
	name := filepath.Join(p.raw, "a.1.finished")
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	if counts, err := ingest.Run(t.Context(), p.config(t)); err == nil || counts.Written != 1 {
		t.Errorf("%v, %v", &counts, err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, p.config(t))
}
