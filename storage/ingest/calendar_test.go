package ingest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

// TestCalendar: a record whose revision the calendar told says so, alone among others, and is counted.
func TestCalendar(t *testing.T) {
	p := newPlace(t, t.TempDir())
	without := strings.Replace(string(classic("").Data), `,"revision":"`+url+`"`, "", 1)
	p.log(t, "telemetry.log.v2.host.1.1000",
		classic("own"),
		submission("none", firefox, without),
		submission("beta", firefox, strings.Replace(without, "nightly", "beta", 1)),
	)
	calendar, err := revision.ParseCalendar([]byte(`{"revisions":[{"channel":"nightly","from":"20131112","to":"20131112","revision":"` + url + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := p.config(t)
	c.Fallback, c.Stats = calendar.Resolve, filepath.Join(p.dir, "stats")
	counts := run(t, c)
	if want := "3 records read, 2 written (1 with a revision of the calendar), 1 refused: missing_revision 1"; counts.String() != want || counts.Fallback != 1 {
		t.Errorf("%s, want %s", &counts, want)
	}
	for _, rec := range p.records(t) {
		want := stored
		if strings.Contains(rec, " none ") {
			want = strings.Replace(stored, url+`"`, url+`","revisionFrom":"calendar"`, 1)
		}
		if !strings.HasSuffix(rec, " "+want) {
			t.Errorf("%s, want %s", rec, want)
		}
	}
	var line struct {
		Resolved int64 `json:"revisions_from_calendar"`
	}
	text, err := os.ReadFile(c.Stats)
	if err != nil || json.Unmarshal(text, &line) != nil || line.Resolved != 1 {
		t.Errorf("statistics: %s, %v", text, err)
	}
}
