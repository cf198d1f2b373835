package receive_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
	"github.com/telemetry-mr/mr/storage/receive"
)

// config is one for tests: it writes to a directory of its own.
func config(t testing.TB) receive.Config {
	c := receive.DefaultConfig()
	c.LogPath = t.TempDir()
	c.Listen = "127.0.0.1:0"
	c.Logf = t.Logf
	return c
}

// A server is a receiver in this process.
type server struct {
	t       testing.TB
	network string
	addr    string
	stop    func() // returns when all is on the disk
}

func serve(t testing.TB, c receive.Config, observe func(*receive.Request)) *server {
	t.Helper()
	l, err := receive.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, c, l, observe)
}

func serveOn(t testing.TB, c receive.Config, l net.Listener, observe func(*receive.Request)) *server {
	t.Helper()
	log, err := receive.OpenLog(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receive.NewServer(c, log, observe)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, l) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-ended, log.Close()); err != nil {
			t.Errorf("stopping: %v", err)
		}
	}
	t.Cleanup(stop)
	return &server{t: t, network: l.Addr().Network(), addr: l.Addr().String(), stop: stop}
}

// post returns the status of an answer.
func (s *server) post(path string, body string) int {
	s.t.Helper()
	resp, err := http.Post("http://"+s.addr+path, "", strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the status is all we want
	return resp.StatusCode
}

// raw sends bytes over a connection of its own and returns the status of the n answers.
func (s *server) raw(text string, n int) []int {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	var all []int
	in := bufio.NewReader(c)
	method, _, _ := strings.Cut(text, " ")
	for range n {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			s.t.Errorf("%.60q: %v", text, err)
			return all
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		all = append(all, resp.StatusCode)
	}
	return all
}

// stored are the records in the finished segments of a directory. Damage fails the test.
func stored(t testing.TB, dir string) []rawlog.Record {
	t.Helper()
	names, err := rawlog.Finished(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []rawlog.Record
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range rawlog.NewReader(f, rawlog.Options{}).Records() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			all = append(all, rawlog.Record{
				Time: rec.Time, Format: rec.Format,
				Addr: []byte(string(rec.Addr)), Path: []byte(string(rec.Path)), Data: []byte(string(rec.Data)),
			})
		}
		_ = f.Close() // only read
	}
	return all
}

// all sends bytes over a connection of its own, and no more, and returns the status of all answers.
func (s *server) all(t *testing.T, text string) []int {
	t.Helper()
	c, err := net.Dial(s.network, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		_, _ = io.WriteString(c, text) // it may be refused before all is said
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	answers, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("%.60q: %v", text, err)
	}
	var all []int
	for in := bufio.NewReader(bytes.NewReader(answers)); ; {
		if _, err := in.Peek(1); err != nil {
			return all
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%q is answered %q: %v", text, answers, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body) // the answer to HEAD has none
		_ = resp.Body.Close()
		all = append(all, resp.StatusCode)
	}
}

func paths(records []rawlog.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Path))
	}
	return all
}

func request(method, path, headers, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %d\r\n\r\n%s", method, path, headers, len(body), body)
}
