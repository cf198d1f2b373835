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

func TestRetries(t *testing.T) {
	var s *site
	s = newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		if s.requests.Load() < 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, text)
	})
	want(t, open(t, revision.Options{Server: s.URL}), one)

	s.requests.Store(-100)
	c := open(t, revision.Options{Server: s.URL, Attempts: 2, Down: time.Nanosecond})
	_, err := c.Definitions(t.Context(), one)
	if e, ok := errors.AsType[*revision.ServerError](err); !ok || errors.Is(err, revision.ErrNotFound) || !strings.HasPrefix(e.URL, s.URL) || !strings.Contains(err.Error(), e.URL+": the answer is 503") {
		t.Errorf("%v, want an error with the URL and the status", err)
	}
	if n := s.requests.Load(); n != -97 {
		t.Errorf("%d requests, want 2 and another one", n+100)
	}
	s.requests.Store(3)
	want(t, c, two)
}

// TestTroubleWithOne: what the server fails to give, while it gives others, holds up nobody.
func TestTroubleWithOne(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/raw-file/bad"):
			http.Error(w, "sorry", http.StatusInternalServerError)
		case strings.Contains(r.URL.Path, "/raw-file/tip"):
			http.NotFound(w, r)
		case strings.Contains(r.URL.Path, "/raw-file/aaa"):
			fmt.Fprint(w, "<html>")
		default:
			fmt.Fprint(w, text)
		}
	})
	const bad = "https://hg.mozilla.org/mozilla-central/rev/bad"
	ask := func(c *revision.Cache, requests int64) {
		t.Helper()
		s.requests.Store(0)
		_, err := c.Definitions(t.Context(), bad)
		if _, ok := errors.AsType[*revision.ServerError](err); !ok || !errors.Is(err, revision.ErrNotFound) || !strings.Contains(err.Error(), "500") {
			t.Errorf("%v, want ErrNotFound for a ServerError", err)
		}
		if n := s.requests.Load(); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
	}
	c := open(t, revision.Options{Server: s.URL})
	ask(c, 3+1+1) // the one in the middle is for a file that most have
	if _, ok := s.paths.Load("/mozilla-central/raw-file/tip/toolkit/components/telemetry/Histograms.json"); !ok {
		t.Error("nothing else was asked for")
	}
	ask(c, 0)
	want(t, c, two)

	c = open(t, revision.Options{Server: s.URL, Down: time.Nanosecond, Refused: time.Hour})
	want(t, c, two)
	_, _ = c.Definitions(t.Context(), "https://hg.mozilla.org/mozilla-central/rev/aaa") // it answers, which says nothing of definitions
	s.paths.Clear()
	ask(c, 3+1+1) // the one in the middle is for what came before
	ask(c, 3+1+1) // which is not for as long as what the server has not
	if _, ok := s.paths.Load("/releases/mozilla-beta/raw-file/2/toolkit/components/telemetry/Histograms.json"); !ok {
		t.Error("what came before was not asked for")
	}
}

// TestTroubleIsOver: the server works again, just when it counts as one that cannot give this file.
func TestTroubleIsOver(t *testing.T) {
	var s *site
	s = newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if s.requests.Load() <= 3 {
			http.Error(w, "busy", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, text)
	})
	want(t, open(t, revision.Options{Server: s.URL}), one)
}

// TestDown: a server that does not answer is not asked for each of many revisions.
func TestDown(t *testing.T) {
	s := newSite(t, func(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	for down, requests := range map[time.Duration]int64{0: 3, time.Nanosecond: 6} {
		s.requests.Store(0)
		c := open(t, revision.Options{Server: s.URL, Attempts: 2, Down: down})
		for _, url := range []string{one, two} {
			if _, err := c.Definitions(t.Context(), url); err == nil || errors.Is(err, revision.ErrNotFound) || errors.Is(err, revision.ErrOffline) {
				t.Errorf("%v, want another error", err)
			}
		}
		if n := s.requests.Load(); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
	}
}

func TestSlowServer(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := open(t, revision.Options{Server: s.URL, Attempts: 2, Timeout: 20 * time.Millisecond})
	for range 2 {
		if _, err := c.Definitions(t.Context(), one); err == nil {
			t.Error("definitions of a server that sends none")
		}
	}
	if n := s.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 2 and another one", n)
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

// TestCancelInTrouble: whichever request is not waited for, nothing is learned from it.
func TestCancelInTrouble(t *testing.T) {
	for last := int64(1); last <= 5; last++ {
		ctx, cancel := context.WithCancel(t.Context())
		var s *site
		s = newSite(t, func(w http.ResponseWriter, r *http.Request) {
			switch n := s.requests.Load(); {
			case n == last:
				cancel()
				<-r.Context().Done()
			case n <= 3:
				http.Error(w, "sorry", http.StatusInternalServerError)
			default:
				fmt.Fprint(w, text)
			}
		})
		c := open(t, revision.Options{Server: s.URL})
		if _, err := c.Definitions(ctx, one); !errors.Is(err, context.Canceled) || errors.Is(err, revision.ErrNotFound) {
			t.Errorf("request %d: %v, want it canceled", last, err)
		}
		s.requests.Store(5)
		want(t, c, one)
	}
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
