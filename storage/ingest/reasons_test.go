package ingest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestReasons: what is refused says why, with counts and a place to look; and what a ping says is no name of a count.
func TestReasons(t *testing.T) {
	p := newPlace(t, t.TempDir())
	with := func(id, old, by string) rawlog.Record {
		return submission(id, firefox, strings.Replace(string(classic("").Data), old, by, 1))
	}
	const here = "telemetry.log.v2.host.1.1000"
	logs := map[string][]rawlog.Record{
		here: {
			with("good", "", ""),
			with("bucket", `"0":5`, `"7":5`),
			with("count", `"0":5`, `"0":true`),
			with("offline", "0123456789ab", "00"),
			with("offline2", "0123456789ab", "01"),
			with("foreign", "hg.mozilla.org", "hg.example.org"),
			with("malformed", "/rev/", `/\u202e/`),
			with("version", `"ver":1`, `"ver":9`),
			with("none", "revision", "x"),
			submission("short", "/Firefox", "{}"),
		},
		"telemetry.log.v2.host.1.2000": {
			with(strings.Repeat("x", 1000), `"ver":1`, `"ver":"`+strings.Repeat("y", 1000)+`"`),
			submission("", firefox, "{}"),
			submission("damaged", firefox, "\x1f\x8b"),
		},
	}
	for name, records := range logs {
		p.log(t, name, records...)
	}
	c := p.config(t)
	c.Stats, c.Batch = filepath.Join(p.dir, "stats"), 1
	counts := run(t, c)
	want := map[string]map[string]int64{
		"bad_payload": {"count in no bucket": 1, "count that is no integer": 1},
		"conversion_error": {
			"no definitions of the revision": 2, "revision of another host": 1, "malformed revision": 1, "unknown version": 2,
		},
		"invalid_path":   {"not an id and five dimensions": 1, "no id that can be a key": 1},
		"corrupted_data": {"damaged gzip": 1},
	}
	if !reflect.DeepEqual(counts.Reasons, want) || counts.For(convert.NoDefinitions) != 2 {
		t.Errorf("reasons: %v, want %v", counts.Reasons, want)
	}
	const summary = "refused: bad_payload 2 (count in no bucket 1, count that is no integer 1), conversion_error 6 (" +
		"no definitions of the revision 2, unknown version 2, malformed revision 1, revision of another host 1), corrupted_data 1 (damaged gzip 1), " +
		"invalid_path 2 (no id that can be a key 1, not an id and five dimensions 1), missing_revision 1"
	if got := counts.String(); !strings.HasSuffix(got, summary) {
		t.Errorf("%s, want ... %s", got, summary)
	}
	example := counts.Examples["missing_revision"]
	if want := (ingest.Example{Log: here + ".finished", Offset: example.Offset, ID: "none", Cause: "no info.revision"}); example != want || example.Offset == 0 {
		t.Errorf("example: %+v, want %+v", example, want)
	}
	for category, e := range counts.Examples {
		if len(e.ID) > 100 || len(e.Cause) > 400 || e.Cause == "" || e.Log == "" {
			t.Errorf("example of %s: %+v", category, e)
		}
	}
	var line struct {
		Reasons map[string]map[string]int64 `json:"bad_reasons"`
	}
	text, err := os.ReadFile(c.Stats)
	if err != nil || json.Unmarshal(text, &line) != nil {
		t.Fatalf("%s, %v", text, err)
	}
	if !reflect.DeepEqual(line.Reasons, want) {
		t.Errorf("statistics: %v, want %v", line.Reasons, want)
	}
}
