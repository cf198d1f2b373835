package resend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
	"github.com/telemetry-mr/mr/storage/resend"
)

// A receiver remembers what was posted to it.
type receiver struct {
	mu     sync.Mutex // guards what follows
	posted []string
	answer func(n int, w http.ResponseWriter) // to the nth request
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posted = append(r.posted, fmt.Sprintf("%s %s %s", q.RequestURI, q.Header.Get("X-Forwarded-For"), body))
	if r.answer != nil {
		r.answer(len(r.posted), w)
	}
}

func records(n int) iter.Seq2[rawlog.Record, error] {
	return func(yield func(rawlog.Record, error) bool) {
		for i := range n {
			if !yield(rawlog.Record{Path: fmt.Appendf(nil, "%d/a b", i), Addr: []byte("1.2.3.4"), Data: []byte("{}")}, nil) {
				return
			}
		}
	}
}

func TestRun(t *testing.T) {
	r := &receiver{}
	s := httptest.NewServer(r)
	defer s.Close()
	report, err := resend.Run(t.Context(), resend.Options{To: s.URL + "/p/", Connections: 3, Forward: true}, records(100), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Records != 100 || report.Sent != 100 || report.Bytes != 200 || report.Status[200] != 100 || report.P50 <= 0 || report.P99 < report.P50 || report.Max < report.P99 {
		t.Errorf("%+v", report)
	}
	slices.Sort(r.posted)
	if n := len(slices.Compact(r.posted)); n != 100 || r.posted[0] != "/p/0/a%20b 1.2.3.4 {}" {
		t.Errorf("%d different requests, the first is %s", n, r.posted[0])
	}
}

// What is answered 5xx, or not at all, is sent again; what is answered otherwise is not.
func TestTries(t *testing.T) {
	r := &receiver{answer: func(n int, w http.ResponseWriter) {
		switch n {
		case 1:
			w.WriteHeader(503)
		case 2:
			panic(http.ErrAbortHandler)
		case 4:
			w.Header().Set("Connection", "close")
			w.WriteHeader(404)
		}
	}}
	s := httptest.NewServer(r)
	defer s.Close()
	report, err := resend.Run(t.Context(), resend.Options{To: s.URL + "/", Connections: 1}, records(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Sent != 3 || report.Retries != 2 || report.Status[503] != 1 || report.Status[404] != 1 || report.Status[200] != 2 {
		t.Errorf("%+v", report)
	}
}

func TestGivesUp(t *testing.T) {
	r := &receiver{answer: func(_ int, w http.ResponseWriter) { w.WriteHeader(500) }}
	s := httptest.NewServer(r)
	defer s.Close()
	report, err := resend.Run(t.Context(), resend.Options{To: s.URL + "/", Connections: 1, Tries: 2}, records(3), nil)
	if err == nil || !strings.Contains(err.Error(), "given up after 2 tries: the receiver answers 500") || report.Sent != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestSample(t *testing.T) {
	var before []string
	for _, part := range []float64{0.1, 0.5, 1} {
		r := &receiver{}
		s := httptest.NewServer(r)
		report, err := resend.Run(t.Context(), resend.Options{To: s.URL + "/", Sample: part}, records(1000), nil)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		if n := float64(report.Sent); report.Records != 1000 || n < part*1000-60 || n > part*1000+60 {
			t.Errorf("sample %v sends %v of 1000", part, n)
		}
		for _, one := range before {
			if !slices.Contains(r.posted, one) {
				t.Errorf("%s is in a smaller sample and not in %v", one, part)
			}
		}
		before = r.posted
	}
}

func TestRate(t *testing.T) {
	s := httptest.NewServer(&receiver{})
	defer s.Close()
	report, err := resend.Run(t.Context(), resend.Options{To: s.URL + "/", Rate: 200}, records(21), nil)
	if err != nil || report.Elapsed < 100*time.Millisecond {
		t.Errorf("21 records at 200 a second took %v, %v", report.Elapsed, err)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &receiver{answer: func(n int, _ http.ResponseWriter) {
		if n == 5 {
			cancel()
		}
	}}
	s := httptest.NewServer(r)
	defer s.Close()
	report, err := resend.Run(ctx, resend.Options{To: s.URL + "/", Connections: 1}, records(1<<30), nil)
	if !errors.Is(err, context.Canceled) || report.Sent > 5 {
		t.Errorf("sent %d, %v", report.Sent, err)
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	bad := func(yield func(rawlog.Record, error) bool) {
		_ = yield(rawlog.Record{}, &rawlog.DamageError{Reason: "x"}) && yield(rawlog.Record{}, broken)
	}
	damage := 0
	_, err := resend.Run(t.Context(), resend.Options{To: "http://127.0.0.1:1/"}, bad, func(*rawlog.DamageError) { damage++ })
	if !errors.Is(err, broken) || damage != 1 {
		t.Errorf("error %v, %d times damage", err, damage)
	}
	for _, to := range []string{"", "localhost:8080", "ftp://h/", "http://", "http://h:x/"} {
		if _, err := resend.Run(t.Context(), resend.Options{To: to}, records(1), nil); err == nil || !strings.Contains(err.Error(), "is no URL") {
			t.Errorf("%q: error %v", to, err)
		}
	}
}
