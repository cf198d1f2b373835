package stats_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/stats"
)

// The statistics of the incoming processor of 2013 count as those of mr ingest do: a line of its own, and some days of hours,
// whose sums are known.
func TestLinesOf2013(t *testing.T) {
	var want struct {
		Totals map[string]uint64 `json:"errors.example.json totals"`
		Sample map[string]any    `json:"stats_line_sample"`
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/monitoring/expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	var hours map[string]map[string]float64
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/monitoring/errors.example.json"), &hours); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	out := json.NewEncoder(&lines)
	if err := out.Encode(want.Sample); err != nil {
		t.Fatal(err)
	}
	for hour, counts := range hours {
		line := map[string]any{"task": "Reader", "channel": "ALL", "end_time": hour + "Z"}
		for name, n := range counts {
			switch {
			case name == "Records_Read" || name == "Bad_Records":
				line[strings.ToLower(name)] = n
			case strings.ToLower(name) == name:
				line["bad_records."+name] = n
			}
		}
		if err := out.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "stats")
	if err := os.WriteFile(name, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	set := stats.NewSet(time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { stats.Follow(ctx, set, name); close(done) }()
	total := func(what string) stats.Sum {
		return find(set.Snapshot(time.Now(), 0), stats.Key{Source: "convert", What: what}).Total
	}
	read := want.Totals["Records_Read"] + 100
	for begin := time.Now(); total("read").Count != read && time.Since(begin) < 20*time.Second; {
		<-time.After(time.Millisecond)
	}
	cancel()
	<-done
	want.Totals["Bad_Records"] += 9
	want.Totals["uuid_only_path"] += 8
	want.Totals["conversion_error"]++
	for name, n := range want.Totals {
		what := "bad." + name
		switch name {
		case "Records_Read":
			what, n = "read", read
		case "Bad_Records":
			what = "bad"
		}
		if got := total(what).Count; got != n {
			t.Errorf("%s: %d, want %d", what, got, n)
		}
	}
	if got := total("read").Bytes; got != 1504183 {
		t.Errorf("%d bytes read", got)
	}
}
