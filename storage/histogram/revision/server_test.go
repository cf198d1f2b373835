package revision_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

func TestHosts(t *testing.T) {
	s := newSite(t, serveText)
	c := open(t, revision.Options{Server: s.URL})
	for _, url := range []string{"https://example.org/mozilla-central/rev/1", "https://hg.mozilla.org:1/a/rev/1", "https://hg.mozilla.org.evil/a/rev/1", "/rev/", ""} {
		_, err := c.Definitions(t.Context(), url)
		if e, ok := errors.AsType[*revision.URLError](err); !ok || e.URL != url {
			t.Errorf("%q: %v, want a URLError", url, err)
		}
	}
	if n := s.requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
	want(t, open(t, revision.Options{Server: s.URL, Hosts: []string{"other.example", "Example.org"}}), "https://example.org/mozilla-central/rev/1")
}

func TestRedirects(t *testing.T) {
	other := newSite(t, serveText)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/here": "/moved", "/there": other.URL, "/loop": "/loop"}
		for prefix, url := range to {
			if strings.HasPrefix(r.URL.Path, prefix) {
				http.Redirect(w, r, url+r.URL.Path, http.StatusFound)
				return
			}
		}
		fmt.Fprint(w, text)
	})
	want(t, open(t, revision.Options{Server: s.URL + "/here"}), one)
	for _, path := range []string{"/there", "/loop"} {
		s.requests.Store(0)
		_, err := open(t, revision.Options{Server: s.URL + path, Dir: t.TempDir()}).Definitions(t.Context(), one)
		if !errors.Is(err, revision.ErrNotFound) || !strings.Contains(err.Error(), "redirects") {
			t.Errorf("%s: %v, want it refused", path, err)
		}
		if n := s.requests.Load(); n > 6 {
			t.Errorf("%s: %d requests", path, n)
		}
	}
	if n := other.requests.Load(); n != 0 {
		t.Error("a host that is not allowed was asked")
	}
	allowed := revision.Options{Server: s.URL + "/there", Hosts: []string{"hg.mozilla.org", strings.TrimPrefix(other.URL, "http://")}}
	want(t, open(t, allowed), one)
}

// TestNoDowngrade: what is asked for with encryption does not come without it.
func TestNoDowngrade(t *testing.T) {
	plain := newSite(t, serveText)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+r.URL.Path, http.StatusFound)
	}))
	defer s.Close()
	c := open(t, revision.Options{Server: s.URL, Hosts: []string{"hg.mozilla.org", strings.TrimPrefix(plain.URL, "http://")}})
	c.SetTransport(s.Client().Transport)
	if _, err := c.Definitions(t.Context(), one); !errors.Is(err, revision.ErrNotFound) || !strings.Contains(err.Error(), "without encryption") {
		t.Errorf("%v, want it refused", err)
	}
	if n := plain.requests.Load(); n != 0 {
		t.Errorf("%d requests without encryption", n)
	}
}

// TestBadAnswers: an answer for this file is told from one of a server in trouble, after which another try is of use.
func TestBadAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) }
	}
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	const inTrouble = 3 + 1 // all attempts, and one for another file
	for name, tt := range map[string]struct {
		answer   http.HandlerFunc
		final    bool
		requests int64
	}{
		"no JSON":  {answer("no"), true, 1},
		"a part":   {answer("{"), true, 1}, // of the length that was announced
		"nothing":  {answer(""), true, 1},
		"a list":   {answer("[]"), true, 1},
		"a page":   {answer("<html>please log in</html>"), true, 1},
		"too long": {answer("{" + strings.Repeat(" ", 1<<20) + "}"), true, 1},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprintf(z, "{%s}", strings.Repeat(" ", 1<<20))
			_ = z.Close()
		}, true, 1},
		"204": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, true, 1},
		"302": {status(http.StatusFound), true, 1}, // to nowhere
		"400": {status(http.StatusBadRequest), true, 1},
		"401": {status(http.StatusUnauthorized), true, 1},
		"403": {status(http.StatusForbidden), true, 1},
		"410": {status(http.StatusGone), true, 1},

		"407": {status(http.StatusProxyAuthRequired), false, inTrouble},
		"408": {status(http.StatusRequestTimeout), false, inTrouble},
		"425": {status(http.StatusTooEarly), false, inTrouble},
		"429": {status(http.StatusTooManyRequests), false, inTrouble},
		"500": {status(http.StatusInternalServerError), false, inTrouble},
		"502": {status(http.StatusBadGateway), false, inTrouble},
		"599": {status(599), false, inTrouble},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, text)
		}, false, inTrouble},
		"cut short, of any length":  {untilClosed(text[:20]), false, inTrouble},
		"nothing, of any length":    {untilClosed(""), false, inTrouble},
		"no JSON, of any length":    {untilClosed("<html>"), true, 1},
		"cut short inside of chunk": {raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"), false, inTrouble},
	} {
		dir := t.TempDir()
		s := newSite(t, tt.answer)
		c := open(t, revision.Options{Dir: dir, Server: s.URL, MaxFile: 1 << 20})
		for range 2 {
			_, err := c.Definitions(t.Context(), one)
			if _, failed := errors.AsType[*revision.ServerError](err); err == nil || errors.Is(err, revision.ErrNotFound) != tt.final || failed == tt.final {
				t.Errorf("%s: %v, want ErrNotFound: %v", name, err, tt.final)
			}
		}
		if n := s.requests.Load(); n != tt.requests {
			t.Errorf("%s: %d requests, want %d", name, n, tt.requests)
		}
		if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
			t.Errorf("%s: the directory has %v, %v", name, entries, err)
		}
	}
	want(t, open(t, revision.Options{Server: newSite(t, untilClosed(text)).URL}), one)
}

// untilClosed answers with a text that ends where the connection does.
func untilClosed(text string) http.HandlerFunc {
	return raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + text)
}

// raw answers with these bytes.
func raw(response string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = out.WriteString(response)
		_ = out.Flush() // the test sees what is missing
		_ = conn.Close()
	}
}
