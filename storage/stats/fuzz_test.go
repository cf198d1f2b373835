package stats_test

import (
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/stats"
)

// FuzzLine: any line is added or passed over; what is shown has no more series than a Set keeps.
func FuzzLine(f *testing.F) {
	f.Add([]byte(`{"end_time":"2026-01-02T12:00:00Z","channel":"ALL","records_read":10,"bytes_read":100,"bad_records.x":1,"channels":{"nightly":{"records_written":3}}}`))
	f.Add([]byte(`{"end_time":"0001-01-01T00:00:00Z","channel":"\u0000","records_read":1e99,"duplicates":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		set := stats.NewSet(noon)
		set.AddLine(line, noon.Add(time.Second))
		for _, one := range set.Snapshot(noon.Add(time.Minute), 0).Series {
			if one.Key.Source != "convert" || one.Total == (stats.Sum{}) {
				t.Fatalf("%+v", one)
			}
		}
	})
}
