package revision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

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
