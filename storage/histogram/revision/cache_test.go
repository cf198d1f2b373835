package revision_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	text = `{"GC_MS": {"kind":"exponential","high":"10 * 1000","n_buckets":50}, "BAD": {"kind":"pie"}}`
	one  = "https://hg.mozilla.org/mozilla-central/rev/1"
	two  = "http://hg.mozilla.org/releases/mozilla-beta/rev/2/"
)

// A site answers requests for definitions, and counts them.
type site struct {
	*httptest.Server
	requests atomic.Int64
	paths    sync.Map
}

func newSite(t *testing.T, answer http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.paths.Store(r.URL.Path, true)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func serveText(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }

func open(t *testing.T, o revision.Options) *revision.Cache {
	t.Helper()
	if o.Backoff == 0 {
		o.Backoff = time.Nanosecond
	}
	c, err := revision.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// want asks for the definitions of a revision, which there must be.
func want(t *testing.T, c *revision.Cache, url string) *histogram.Definitions {
	t.Helper()
	defs, err := c.Definitions(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := defs.Lookup("GC_MS"); err != nil || d.High != 10_000 {
		t.Fatalf("GC_MS is %v, %v", d, err)
	}
	return defs
}

func TestMemoryThenDiskThenServer(t *testing.T) {
	s := newSite(t, serveText)
	dir := t.TempDir()
	c := open(t, revision.Options{Dir: dir, Server: s.URL + "/hg/"})
	defs := want(t, c, one)
	if want(t, c, one) != defs || want(t, c, strings.Replace(one, "https", "http", 1)+"/") != defs {
		t.Error("the definitions in memory are others")
	}
	want(t, c, two)
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d requests for two revisions", n)
	}
	if _, ok := s.paths.Load("/hg/releases/mozilla-beta/raw-file/2/toolkit/components/telemetry/Histograms.json"); !ok {
		t.Error("the server was asked for another file")
	}
	kept, err := os.ReadFile(filepath.Join(dir, "releases", "mozilla-beta", "2", "Histograms.json"))
	if err != nil || string(kept) != text {
		t.Errorf("the directory has %q, %v", kept, err)
	}

	s.Close()
	want(t, open(t, revision.Options{Dir: dir, Server: s.URL}), one)
	offline := open(t, revision.Options{Dir: dir})
	want(t, offline, two)
	if _, err := offline.Definitions(t.Context(), one+"23"); !errors.Is(err, revision.ErrOffline) {
		t.Errorf("a revision that is not there: %v, want ErrOffline", err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = offline.Definitions(t.Context(), two) }); n > 0 {
		t.Errorf("%v allocations for what is in memory", n)
	}
}

// TestOfflineSeesNewFiles: a process need not start again when somebody has fetched what it lacked.
func TestOfflineSeesNewFiles(t *testing.T) {
	dir := t.TempDir()
	offline := open(t, revision.Options{Dir: dir, Down: time.Nanosecond})
	if _, err := offline.Definitions(t.Context(), one); !errors.Is(err, revision.ErrOffline) {
		t.Fatalf("%v, want ErrOffline", err)
	}
	want(t, open(t, revision.Options{Dir: dir, Server: newSite(t, serveText).URL}), one)
	want(t, offline, one)
}

// TestConstants: files keep the text of the server, so that other constants give other definitions.
func TestConstants(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"REASON": {"kind":"enumerated","n_values":"a::REASONS"}}`)
	})
	dir := t.TempDir()
	for _, n := range []int64{100, 101} {
		o := revision.Options{Dir: dir, Server: s.URL, Definitions: histogram.DefinitionOptions{Constants: map[string]int64{"a::REASONS": n}}}
		defs, err := open(t, o).Definitions(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := defs.Lookup("REASON"); err != nil || d.High != n {
			t.Errorf("%v, %v, want %d values", d, err, n)
		}
	}
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestNotFound(t *testing.T) {
	s := newSite(t, http.NotFound)
	for refused, requests := range map[time.Duration]int64{0: 1, time.Nanosecond: 3} {
		s.requests.Store(0)
		c := open(t, revision.Options{Dir: t.TempDir(), Server: s.URL, Refused: refused})
		for range 3 {
			if _, err := c.Definitions(t.Context(), one); !errors.Is(err, revision.ErrNotFound) {
				t.Errorf("%v, want ErrNotFound", err)
			}
		}
		if n := s.requests.Load(); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
	}
}

func TestOneRequestForMany(t *testing.T) {
	const goroutines = 20
	asked := make(chan bool)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		fmt.Fprint(w, text)
	})
	c := open(t, revision.Options{Dir: t.TempDir(), Server: s.URL})
	var g sync.WaitGroup
	for range goroutines {
		g.Go(func() {
			if _, err := c.Definitions(t.Context(), one); err != nil {
				t.Error(err)
			}
		})
	}
	<-asked
	g.Wait()
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestCancel: one that is told to stop waiting does not stop others.
func TestCancel(t *testing.T) {
	first := make(chan bool)
	var s *site
	s = newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if s.requests.Load() == 1 {
			close(first)
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, text)
	})
	c := open(t, revision.Options{Server: s.URL})
	ctx, cancel := context.WithCancel(t.Context())
	var g sync.WaitGroup
	g.Go(func() {
		if _, err := c.Definitions(ctx, one); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it canceled", err)
		}
	})
	<-first
	g.Go(func() { want(t, c, one) })
	g.Go(func() {
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := c.Definitions(stopped, one); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it canceled", err)
		}
	})
	cancel()
	g.Wait()
}

func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "mozilla-central", "1", "Histograms.json")
	write(t, name, "{\n\"GC_MS\": ")
	_, err := open(t, revision.Options{Dir: dir}).Definitions(t.Context(), one)
	if err == nil || errors.Is(err, revision.ErrOffline) || !strings.Contains(err.Error(), name+":2:") {
		t.Errorf("%v, want the place of the damage", err)
	}
	want(t, open(t, revision.Options{Dir: dir, Server: newSite(t, serveText).URL}), one)
	want(t, open(t, revision.Options{Dir: dir}), one)
}

// TestNoRoom: definitions that cannot be kept are an error, for they would be asked for again and again.
func TestNoRoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	c := open(t, revision.Options{Dir: dir, Server: newSite(t, serveText).URL})
	if err := os.Remove(dir); err != nil {
		t.Skip(err) // where it is in use
	}
	if _, err := c.Definitions(t.Context(), one); err == nil || errors.Is(err, revision.ErrNotFound) {
		t.Errorf("%v, want another error", err)
	}
}

// TestOtherThings: what else lies in the directory is in the way of no revision but those that nobody has.
func TestOtherThings(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "calendar.json"), "{}")
	write(t, filepath.Join(dir, "mozilla-central", "README"), "all about it")
	if err := os.MkdirAll(filepath.Join(dir, "mozilla-central", "2", "Histograms.json"), 0o777); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	offline, online := open(t, revision.Options{Dir: dir}), open(t, revision.Options{Dir: dir, Server: newSite(t, serveText).URL})
	for _, path := range []string{"calendar.json/rev/1", "calendar.json/a/rev/1", "mozilla-central/README/rev/2", "mozilla-central/rev/2"} {
		if _, err := offline.Definitions(t.Context(), "https://hg.mozilla.org/"+path); !errors.Is(err, revision.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", path, err)
		}
		want(t, online, "https://hg.mozilla.org/"+path)
	}
	if after := tree(t, dir); after != before {
		t.Errorf("the directory has %s, and had %s", after, before)
	}
}

// TestLinks: those that lead out of the directory are not followed.
func TestLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "1", "Histograms.json"), text)
	write(t, filepath.Join(dir, "inside", "1", "Histograms.json"), text)
	for name, to := range map[string]string{"out": outside, "up": filepath.Join("..", filepath.Base(outside)), "loop": "loop", "none": "nothing", "in": "inside"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "file", "1"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "1", "Histograms.json"), filepath.Join(dir, "file", "1", "Histograms.json")); err != nil {
		t.Fatal(err)
	}
	before := tree(t, outside)
	offline, online := open(t, revision.Options{Dir: dir}), open(t, revision.Options{Dir: dir, Server: newSite(t, serveText).URL})
	for _, repo := range []string{"out", "up", "loop", "none", "file"} {
		if _, err := offline.Definitions(t.Context(), "https://hg.mozilla.org/"+repo+"/rev/1"); !errors.Is(err, revision.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", repo, err)
		}
		want(t, online, "https://hg.mozilla.org/"+repo+"/rev/1")
		want(t, online, "https://hg.mozilla.org/"+repo+"/rev/2")
	}
	want(t, offline, "https://hg.mozilla.org/in/rev/1")
	if after := tree(t, outside); after != before {
		t.Errorf("outside are %s, and were %s", after, before)
	}
}

// tree lists a directory and all below it.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// TestMemoryIsBounded: what was not used for longest goes, and comes back from the disk.
func TestMemoryIsBounded(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"OF":{"kind":"flag","description":%q},%s`, r.URL.Path, text[1:])
	})
	const room = 4300 // for two files of about 200 bytes, not for three
	c := open(t, revision.Options{Dir: t.TempDir(), Server: s.URL, MaxMemory: room})
	url := func(i int) string { return fmt.Sprint(one, i) }
	first, second := want(t, c, url(1)), want(t, c, url(2))
	if want(t, c, url(1)) != first {
		t.Error("there is no room for two")
	}
	want(t, c, url(3))
	if want(t, c, url(1)) != first || want(t, c, url(2)) == second {
		t.Error("the one used last is gone")
	}
	for i := range 100 {
		want(t, c, url(i))
	}
	if n := s.requests.Load(); n != 100 {
		t.Errorf("%d requests for 100 revisions", n)
	}
}

// TestSameText: revisions with the same file share its definitions, for as long as one is in memory.
func TestSameText(t *testing.T) {
	c := open(t, revision.Options{Server: newSite(t, serveText).URL, MaxMemory: 4000})
	defs := want(t, c, one)
	for i := range 20 {
		if want(t, c, fmt.Sprint(one, i)) != defs {
			t.Errorf("revision %d has definitions of its own", i)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []revision.Options{
		{Server: "hg.mozilla.org"},
		{Server: "ftp://hg.mozilla.org"},
		{Server: "https://"},
		{Server: "https://u:p@h/"},
		{Server: "https://h/?q"},
		{Server: "https://h/#f"},
		{Server: "https://h:x/"},
		{Dir: filepath.Join(t.TempDir(), "none")},
		{Hosts: []string{"hg.mozilla.org", "https://example.org"}},
		{Hosts: []string{"a.example,b.example"}},
		{Hosts: []string{""}},
	} {
		if c, err := revision.Open(o); err == nil {
			t.Errorf("%+v is accepted", o)
			_ = c.Close()
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
