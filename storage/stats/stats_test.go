package stats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/stats"
)

var (
	noon     = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	accepted = stats.Key{Source: "receive", What: "accepted"}
)

// find is the series of a key, empty if there is none.
func find(s stats.Snapshot, k stats.Key) stats.Series {
	for _, one := range s.Series {
		if one.Key == k {
			return one
		}
	}
	return stats.Series{}
}

func TestWindows(t *testing.T) {
	set := stats.NewSet(noon.Add(-48 * time.Hour))
	for _, ago := range []time.Duration{0, 59 * time.Second, 61 * time.Second, 59 * time.Minute, 61 * time.Minute, 22*time.Hour + 30*time.Minute, 25 * time.Hour} {
		set.Add(noon.Add(-ago), accepted, 1, 10) // the newest first: what was may be said late
	}
	for _, test := range []struct {
		after             time.Duration
		minute, hour, day uint64
	}{{0, 2, 4, 6}, {time.Second, 1, 4, 6}, {time.Minute, 0, 3, 6}, {time.Hour, 0, 0, 6}, {2 * time.Hour, 0, 0, 5}, {30 * time.Hour, 0, 0, 0}, {5000 * time.Hour, 0, 0, 0}} {
		one := find(set.Snapshot(noon.Add(test.after), 0), accepted)
		got := [3]uint64{one.Recent["minute"].Count, one.Recent["hour"].Count, one.Recent["day"].Count}
		if want := [3]uint64{test.minute, test.hour, test.day}; got != want || one.Total != (stats.Sum{Count: 7, Bytes: 70}) {
			t.Errorf("%v after: %v, total %v, want %v", test.after, got, one.Total, want)
		}
	}
	set.Add(noon.Add(5000*time.Hour), accepted, 1, 10)
	one := find(set.Snapshot(noon.Add(5000*time.Hour), 0), accepted)
	if one.Recent["day"].Count != 1 || one.Recent["minute"].Counts[59] != 1 || one.Recent["minute"].Bytes[59] != 10 {
		t.Errorf("after a long silence: %+v", one)
	}
}

func TestRate(t *testing.T) {
	set := stats.NewSet(noon)
	set.Add(noon.Add(5*time.Second), accepted, 100, 0)
	for after, want := range map[time.Duration]float64{10 * time.Second: 10, 20 * time.Second: 5, 59 * time.Second: 100.0 / 59} {
		if got := find(set.Snapshot(noon.Add(after), 0), accepted).Recent["minute"].Rate; got < want*0.99 || got > want*1.01 {
			t.Errorf("after %v: %v a second, want %v", after, got, want)
		}
	}
}

// Someone who makes up values neither fills the memory nor keeps true ones from being counted; no count is lost.
func TestValuesAreBounded(t *testing.T) {
	set := stats.NewSet(noon)
	channel := func(value string) stats.Key {
		return stats.Key{Source: "receive", What: "accepted", Dimension: "appUpdateChannel", Value: value}
	}
	total := uint64(0)
	add := func(at time.Time, value string) {
		set.Add(at, channel(value), 1, 1)
		total++
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for second := range 600 {
		at := noon.Add(time.Duration(second) * time.Second)
		for i := range 200 {
			add(at, fmt.Sprintf("made-up-%d-%d", second, i))
			add(at, strings.Repeat("long", 100)+fmt.Sprint(i))
			add(at, "\x00\xff"+fmt.Sprint(i))
			if i%2 == 0 {
				add(at, "nightly")
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the set takes %d bytes", grown)
	}
	snap := set.Snapshot(noon.Add(600*time.Second), 0)
	sum := uint64(0)
	for _, one := range snap.Series {
		sum += one.Total.Count
	}
	nightly := find(snap, channel("nightly"))
	if len(snap.Series) > 41 || sum != total || nightly.Recent["minute"].Count < 5900 {
		t.Errorf("%d series, %d counted of %d, nightly %+v", len(snap.Series), sum, total, nightly.Recent["minute"].Sum)
	}
	if top := set.Snapshot(noon, 3); len(top.Series) != 3 {
		t.Errorf("the top 3 are %d", len(top.Series))
	}
	for i := range 100_000 { // of all the rest, too
		set.Add(noon, stats.Key{Source: "receive", What: fmt.Sprint(i)}, 1, 0)
	}
	if snap := set.Snapshot(noon, 0); len(snap.Series) > 4000 || snap.Dropped["receive"] == 0 {
		t.Errorf("%d series, not counted %v", len(snap.Series), snap.Dropped)
	}
}

func TestFollow(t *testing.T) {
	name := filepath.Join(t.TempDir(), "stats")
	line := func(read int) string {
		return fmt.Sprintf(`{"task":"Ingest","channel":"ALL","end_time":%q,"records_read":%d,"bytes_read":500,"records_written":2,"bad_records":1,`+
			`"bad_records.bad_payload":1,"channels":{"nightly":{"records_read":1,"records_written":1,"bad_records":0}}}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), read)
	}
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	set := stats.NewSet(time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { stats.Follow(ctx, set, name); close(done) }()
	wait := func(read uint64) {
		t.Helper()
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			if find(set.Snapshot(time.Now(), 0), stats.Key{Source: "convert", What: "read"}).Total.Count == read {
				return
			}
			<-time.After(time.Millisecond)
		}
		t.Fatalf("not %d read: %+v", read, set.Snapshot(time.Now(), 0).Series)
	}
	second := line(30)
	write(line(3) + "nonsense\n{}\n" + `{"end_time":"0001-01-01T00:00:00Z","channel":"beta","records_read":4}` + "\n" + second[:40])
	wait(3)
	write(second[40:])
	wait(33)
	if err := os.Rename(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	write(line(300))
	wait(333)
	cancel()
	<-done
	snap := set.Snapshot(time.Now(), 0)
	for k, want := range map[stats.Key]uint64{
		{Source: "convert", What: "written"}:                                                          6,
		{Source: "convert", What: "bad"}:                                                              3,
		{Source: "convert", What: "bad.bad_payload"}:                                                  3,
		{Source: "convert", What: "read", Dimension: "appUpdateChannel", Value: "nightly"}:            3,
		{Source: "convert", What: "read", Dimension: "appUpdateChannel", Value: "beta"}:               4,
		{Source: "convert", What: "bad.bad_payload", Dimension: "appUpdateChannel", Value: "nightly"}: 0,
	} {
		if got := find(snap, k).Total.Count; got != want {
			t.Errorf("%+v: %d, want %d", k, got, want)
		}
	}
}

func TestHandler(t *testing.T) {
	set := stats.NewSet(time.Now())
	set.Add(time.Now(), stats.Key{Source: "receive", What: "accepted", Dimension: "reason", Value: `a"b`}, 2, 100)
	s := httptest.NewServer(stats.Handler(set))
	defer s.Close()
	get := func(path string) (*http.Response, string) {
		t.Helper()
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
	var snap stats.Snapshot
	_, text := get("/stats")
	if err := json.Unmarshal([]byte(text), &snap); err != nil || len(snap.Series) != 1 || snap.Series[0].Total.Bytes != 100 {
		t.Errorf("/stats: %s, %v", text, err)
	}
	if _, text := get("/metrics"); !strings.Contains(text, `mr_things_total{dimension="reason",source="receive",value="a\"b",what="accepted"} 2`) {
		t.Errorf("/metrics: %s", text)
	}
	for path, status := range map[string]int{"/": 200, "/page.js": 200, "/style.css": 200, "/icon.svg": 200, "/none": 404, "/../stats_test.go": 404} {
		resp, _ := get(path)
		if resp.StatusCode != status || !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, status)
		}
	}
	if resp, err := http.Post(s.URL+"/stats", "", nil); err != nil || resp.StatusCode != 405 {
		t.Errorf("POST: %v, %v", resp.StatusCode, err)
	}
}
