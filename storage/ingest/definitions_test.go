package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestDefinitions tells a server that is down from one that has no such revision.
func TestDefinitions(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"))
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()
	for _, test := range []struct {
		status int
		bad    int64
	}{{http.StatusServiceUnavailable, -1}, {http.StatusNotFound, 1}} {
		status = test.status
		cache, err := revision.Open(revision.Options{Server: server.URL, Backoff: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		c := p.config(t)
		c.Revisions = cache
		counts, err := ingest.Run(t.Context(), c)
		if err := cache.Close(); err != nil {
			t.Fatal(err)
		}
		if _, later := errors.AsType[*ingest.DefinitionsError](err); later != (test.bad < 0) || test.bad > 0 && counts.Bad["conversion_error"] != test.bad {
			t.Errorf("status %d: %v, %v", test.status, &counts, err)
		}
	}
}

// TestOneRevision: what one ping names holds up no others.
func TestOneRevision(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch kind, _, _ := strings.Cut(r.URL.Path[1:], "/"); kind {
		case "denied":
			http.Error(w, "no", http.StatusForbidden)
		case "page":
			fmt.Fprint(w, "<html>please log in</html>")
		case "elsewhere":
			http.Redirect(w, r, "http://127.0.0.2:1"+r.URL.Path, http.StatusFound)
		case "trouble":
			http.Error(w, "sorry", http.StatusInternalServerError)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, online := range []bool{false, true} {
		p := newPlace(t, t.TempDir())
		err := os.WriteFile(filepath.Join(p.revisions, "calendar.json"), []byte("{}"), 0o666)
		if err = errors.Join(err, os.Symlink(t.TempDir(), filepath.Join(p.revisions, "link"))); err != nil {
			t.Skip(err)
		}
		var records []rawlog.Record
		for _, repo := range []string{"calendar.json", "link", "denied", "page", "elsewhere", "trouble", "missing"} {
			rec := classic(repo)
			rec.Data = bytes.Replace(rec.Data, []byte("/mozilla-central/"), []byte("/"+repo+"/"), 1)
			records = append(records, rec, classic("beside-"+repo))
		}
		p.log(t, "a.1", records...)
		c := p.config(t)
		if online {
			cache, err := revision.Open(revision.Options{Dir: p.revisions, Server: server.URL, Backoff: time.Nanosecond})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cache.Close() }) // only read
			c.Revisions = cache
		}
		counts := run(t, c)
		if half := int64(len(records) / 2); counts.Written != half || counts.Bad["conversion_error"] != half {
			t.Errorf("online %v: %v, want %d written and %d refused", online, &counts, half, half)
		}
	}
}
