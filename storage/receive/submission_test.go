package receive_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
	"github.com/telemetry-mr/mr/storage/receive"
)

const prefix = "/submit/telemetry/"

// Answers to what clients send, and what is kept of it.
func TestAnswers(t *testing.T) {
	c := config(t)
	c.MaxDataLength = 1000
	s := serve(t, c, nil)
	long := strings.Repeat("x", 1001)
	for _, test := range []struct {
		name string
		text string
		want []int
		kept string
	}{
		{"plain", request("POST", prefix+"plain", "", "{}"), []int{200}, "plain"},
		{"nothing behind the prefix", request("POST", prefix, "", "{}"), []int{200}, ""},
		{"climbing", request("POST", prefix+"../../etc/passwd", "", "{}"), []int{200}, "../../etc/passwd"},
		{"climbing, encoded", request("POST", prefix+"%2e%2e/%2E%2E/x//y", "", "{}"), []int{200}, "%2e%2e/%2E%2E/x//y"},
		{"query", request("POST", prefix+"query?a=b/c", "", "{}"), []int{200}, "query"},
		{"host in the target", request("POST", "http://other"+prefix+"host%2F", "", "{}"), []int{200}, "host%2F"},
		{"pipelined", request("POST", prefix+"one", "", "{}") + request("POST", prefix+"two", "", "{}"), []int{200, 200}, "one two"},
		{"pipelined behind a refusal", request("POST", "/x", "", "{}") + request("POST", prefix+"three", "", "{}"), []int{404}, ""},
		{"over the limit", request("POST", prefix+"long", "", long), []int{202}, ""},
		{"over the limit, and more", request("POST", prefix+"long", "", long) + request("POST", prefix+"short", "", "{}"), []int{202}, ""},
		{"far over the limit", request("POST", prefix+"long", "", strings.Repeat("x", 5<<20)), []int{202}, ""},
		{"over the limit, expecting a word", "POST " + prefix + "long HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", []int{202}, ""},
		{"chunked", "POST " + prefix + "chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", []int{411}, ""},
		{"no length", "POST " + prefix + "none HTTP/1.1\r\nHost: h\r\n\r\n", []int{411}, ""},
		{"length 0", request("POST", prefix+"zero", "", ""), []int{411}, ""},
		{"two lengths", "POST " + prefix + "smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", []int{400}, ""},
		{"length and chunks", "POST " + prefix + "smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{411}, ""},
		{"long header", request("POST", prefix+"header", "X: "+strings.Repeat("x", 40<<10)+"\r\n", "{}"), []int{431}, ""},
		{"put", request("PUT", prefix+"put", "", "{}"), []int{405}, ""},
		{"options", request("OPTIONS", "*", "", ""), []int{405}, ""},
		{"status", "GET /status HTTP/1.1\r\nHost: h\r\n\r\n", []int{200}, ""},
		{"no HTTP", "hello\r\n\r\n", []int{400}, ""},
	} {
		if got := s.raw(test.text, len(test.want)); !slices.Equal(got, test.want) {
			t.Errorf("%s: status %v, want %v", test.name, got, test.want)
		}
	}
	// A body that ends before its length is no submission.
	s.raw("POST "+prefix+"torn HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{}", 0)
	s.stop()
	want := []string{"plain", "", "../../etc/passwd", "%2e%2e/%2E%2E/x//y", "query", "host%2F", "one", "two"}
	if got := paths(stored(t, c.LogPath)); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	onlyLogs(t, c)
}

// onlyLogs checks that there is nothing but raw logs and the lock in the directory.
func onlyLogs(t *testing.T, c receive.Config) {
	t.Helper()
	entries, err := os.ReadDir(c.LogPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "."+c.LogBase+".lock" && !strings.HasPrefix(e.Name(), c.LogBase+".v") {
			t.Errorf("there is %s", e.Name())
		}
	}
}

func TestGzipIsKeptAsItCame(t *testing.T) {
	c := config(t)
	s := serve(t, c, nil)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(`{"a":8}`))
	_ = w.Close()
	if code := s.post(prefix+"id", zipped.String()); code != 200 {
		t.Errorf("status %d", code)
	}
	s.stop()
	all := stored(t, c.LogPath)
	if len(all) != 1 || !bytes.Equal(all[0].Data, zipped.Bytes()) {
		t.Fatalf("kept %q", paths(all))
	}
	if age := time.Since(time.UnixMilli(all[0].Time)); age < -time.Second || age > time.Minute {
		t.Errorf("received %v ago", age)
	}
}

// Many clients at once: each answered submission is there, once.
func TestConcurrent(t *testing.T) {
	const clients, each = 64, 20
	for _, format := range []string{"v1", "v2", "v3"} {
		c := config(t)
		c.Format = format
		c.MaxLogSize = 20_000
		s := serve(t, c, nil)
		var group sync.WaitGroup
		for client := range clients {
			group.Go(func() {
				var text strings.Builder
				for i := range each {
					text.WriteString(request("POST", fmt.Sprintf("%s%d-%d", prefix, client, i), "", `{"a":8}`))
				}
				for _, code := range s.raw(text.String(), each) {
					if code != 200 {
						t.Errorf("status %d", code)
					}
				}
			})
		}
		group.Wait()
		s.stop()
		all := paths(stored(t, c.LogPath))
		slices.Sort(all)
		if n := len(slices.Compact(slices.Clone(all))); len(all) != clients*each || n != len(all) {
			t.Errorf("%s: kept %d, %d of them different, want %d", format, len(all), n, clients*each)
		}
		names, err := rawlog.Finished(c.LogPath)
		if err != nil || len(names) < 2 {
			t.Errorf("%s: segments %v, %v, want more than one", format, names, err)
		}
	}
}

func TestMemoryForBodiesIsBounded(t *testing.T) {
	c := config(t)
	c.MaxMemory = 10_000
	s := serve(t, c, nil)
	for _, test := range []struct{ size, want int }{{1000, 200}, {9000, 200}, {20_000, 503}, {1000, 200}} {
		resp, err := http.Post("http://"+s.addr+prefix+"id", "", strings.NewReader(strings.Repeat("x", test.size)))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != test.want || (test.want == 503) != (resp.Header.Get("Retry-After") != "") {
			t.Errorf("%d bytes: status %d, Retry-After %q, want %d", test.size, resp.StatusCode, resp.Header.Get("Retry-After"), test.want)
		}
	}
}

func TestClientAddress(t *testing.T) {
	for _, test := range []struct{ peer, forwarded, trusted, want string }{
		{"10.0.0.1:99", "1.2.3.4", "", "10.0.0.1"},
		{"10.0.0.1:99", "1.2.3.4", "10.0.0.0/8", "1.2.3.4"},
		{"10.0.0.1:99", "1.2.3.4, 5.6.7.8", "192.168.0.0/16,10.0.0.1", "1.2.3.4, 5.6.7.8"},
		{"11.0.0.1:99", "1.2.3.4", "10.0.0.0/8", "11.0.0.1"},
		{"[::ffff:10.0.0.1]:99", "1.2.3.4", "10.0.0.0/8", "1.2.3.4"},
		{"[fe80::1%eth0]:99", "1.2.3.4", "fe80::/10", "1.2.3.4"},
		{"10.0.0.1:99", "", "10.0.0.0/8", "10.0.0.1"},
		{"10.0.0.1:99", strings.Repeat("x", 101), "10.0.0.0/8", "0.0.0.0"},
	} {
		if got := address(t, test.peer, test.forwarded, strings.FieldsFunc(test.trusted, func(r rune) bool { return r == ',' })); got != test.want {
			t.Errorf("from %s, forwarded for %.20q, trusting %s: kept %q, want %q", test.peer, test.forwarded, test.trusted, got, test.want)
		}
	}
}

// address is what is kept of a client's.
func address(t *testing.T, peer, forwarded string, trusted []string) string {
	t.Helper()
	c := config(t)
	c.IncludeIP, c.TrustedProxies, c.NoSync = true, trusted, true
	l, err := receive.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, c, from{l, peer}, nil)
	headers := ""
	if forwarded != "" {
		headers = "X-Forwarded-For: " + forwarded + "\r\n"
	}
	s.raw(request("POST", prefix+"id", headers, "{}"), 1)
	s.stop()
	all := stored(t, c.LogPath)
	if len(all) != 1 {
		t.Fatalf("kept %d records", len(all))
	}
	return string(all[0].Addr)
}

func TestRequestLog(t *testing.T) {
	c := config(t)
	c.RequestLog = filepath.Join(t.TempDir(), "requests.log")
	requests := receive.NewRequestLog(c)
	s := serve(t, c, requests.Add)
	s.post(prefix+"i\u00e4\"d?q", "{}")
	s.post("/elsewhere", "{}")
	s.stop()
	requests.Close()
	text, err := os.ReadFile(c.RequestLog)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []struct {
		code, size float64
		message    string
	}{{200, 28 + 11 + 2, "OK"}, {404, 0, "Not Found"}} {
		var line map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", line["timestamp"].(string)); err != nil {
			t.Error(err)
		}
		if line["code"] != want.code || line["message"] != want.message || line["level"] != "info" || len(line) != 7 || line["duration_ms"].(float64) <= 0 {
			t.Errorf("line %s", lines[i])
		}
		if i == 0 && line["url"] != "/submit/telemetry/i%C3%A4%22d?q" || line["size"] != want.size {
			t.Errorf("line %s", lines[i])
		}
	}
}

// A request log that cannot be written does no harm.
func TestRequestLogFails(t *testing.T) {
	c := config(t)
	c.RequestLog = filepath.Join(t.TempDir(), "none", "requests.log")
	requests := receive.NewRequestLog(c)
	s := serve(t, c, requests.Add)
	if code := s.post(prefix+"id", "{}"); code != 200 {
		t.Errorf("status %d", code)
	}
	requests.Close()
}

func TestRotationByAge(t *testing.T) {
	c := config(t)
	c.MaxLogAgeMS = 1
	s := serve(t, c, nil)
	s.post(prefix+"id", "{}")
	for begin := time.Now(); time.Since(begin) < 10*time.Second; {
		if names, err := rawlog.Finished(c.LogPath); err == nil && len(names) == 1 {
			return
		}
	}
	t.Error("the segment is not finished")
}

func TestOneReceiverADirectory(t *testing.T) {
	c := config(t)
	serve(t, c, nil)
	if _, err := receive.OpenLog(c); err == nil || !strings.Contains(err.Error(), "another receiver") {
		t.Errorf("a second log in one directory: %v", err)
	}
}

// FuzzRequests: whatever a client sends, each of its submissions that is answered 200 is kept as it came, nothing else is, and
// nothing else is written.
func FuzzRequests(f *testing.F) {
	for _, path := range []string{"id", "../x", "%2e%2e/", "a/b/c?d", "", "\x00", "//", "é", strings.Repeat("x", 11000)} {
		f.Add(request("POST", prefix+path, "", "{}"))
	}
	f.Add(request("POST", prefix+"1", "", "{}") + "\r\n" + request("POST", prefix+"2", "Expect: 100-continue\r\n", "{}"))
	f.Add("POST " + prefix + "x HTTP/1.0\nContent-Length: 2\nConnection: keep-alive\n\n{}GET /status HTTP/1.1\r\n\r\n")
	f.Add("POST " + prefix + "x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("GARBAGE\x00\xff\r\n\r\n")
	f.Add("HEAD * HTTP/1.1\r\nX: " + strings.Repeat("x", 33<<10))
	c := config(f)
	c.NoSync = true
	var mu sync.Mutex
	var said, accepted, all []string
	c.Logf = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, fmt.Sprintf(format, args...))
	}
	f.Cleanup(func() {
		if kept := paths(stored(f, c.LogPath)); !slices.Equal(kept, all) {
			f.Errorf("kept %q, answered %q", kept, all)
		}
	})
	l, err := net.Listen("unix", filepath.Join(f.TempDir(), "socket"))
	if err != nil {
		f.Fatal(err)
	}
	s := serveOn(f, c, l, func(r *receive.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Outcome == receive.Accepted {
			accepted = append(accepted, strings.Clone(r.Path))
		}
	})
	f.Fuzz(func(t *testing.T, text string) {
		codes := s.all(t, text)
		mu.Lock()
		defer mu.Unlock()
		good := 0
		for _, code := range codes {
			if code == 200 {
				good++
			}
		}
		if status := strings.Count(text, "/status"); good < len(accepted) || good > len(accepted)+status {
			t.Errorf("%d answers say 200, kept %q", good, accepted)
		}
		for _, path := range accepted {
			if !strings.Contains(text, path) {
				t.Errorf("kept %q", path)
			}
		}
		if len(said) > 0 {
			t.Errorf("it said %q", said)
		}
		entries, err := os.ReadDir(c.LogPath)
		if err != nil || len(entries) > 2 {
			t.Errorf("there is %v, %v", entries, err)
		}
		all, accepted = append(all, accepted...), nil
	})
}
