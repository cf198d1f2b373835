package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// TestAccount compares the account of walks, level by level, and what they did not match.
func TestAccount(t *testing.T) {
	tree := storeOf(t, append([]string{"README", "main/Firefox/nightly/28.0/notes"}, walkPaths...)...)
	only := func(dim string, values ...string) filter.Filter { return filter.Filter{dim: filter.OneOf(values...)} }
	for _, tt := range []struct {
		name      string
		f         filter.Filter
		levels    string // directories read: names = pruned, stray, selected
		bytes     int64
		unmatched string
	}{
		{"everything", nil, "1: 4 = 0 1 3, 3: 4 = 0 0 4, 4: 4 = 0 0 4, 4: 6 = 0 0 6, 6: 10 = 0 1 9", 45, ""},
		{
			"a value that no directory has", only("reason", "main", "saved-session", "no-such", "other"),
			"1: 4 = 2 0 2, 2: 3 = 0 0 3, 3: 3 = 0 0 3, 3: 5 = 0 0 5, 5: 9 = 0 1 8", 40, "reason=no-such,other",
		},
		{
			"nothing is left at the first level: the others are not judged",
			only("reason", "none").Intersect(only("appVersion", "99")).Intersect(only("appBuildID", "1")),
			"1: 4 = 4 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0", 0, "reason=none",
		},
		{
			"values of another branch", only("appName", "Firefox").Intersect(only("appVersion", "28.0a1", "28.0")).Intersect(only("appUpdateChannel", "beta", "nightly")),
			"1: 4 = 0 1 3, 3: 4 = 2 0 2, 2: 2 = 0 0 2, 2: 4 = 1 0 3, 3: 7 = 0 1 6", 30, "appUpdateChannel=beta",
		},
		{
			"a range that holds no directory",
			filter.Filter{"appVersion": filter.Range("30", "31", true, true), "appBuildID": filter.OneOf("1")},
			"1: 4 = 0 1 3, 3: 4 = 0 0 4, 4: 4 = 0 0 4, 4: 6 = 6 0 0, 0: 0 = 0 0 0", 0, "appVersion=30..31",
		},
		{
			"in the file name", only("appBuildID", "20140201", "20140202").Intersect(only("submission_date", "20140203", "20140103")),
			"1: 4 = 0 1 3, 3: 4 = 0 0 4, 4: 4 = 0 0 4, 4: 6 = 0 0 6, 6: 10 = 8 1 1", 5, "appBuildID=20140202 submission_date=20140103",
		},
		{"the empty list", only("reason"), "0: 0 = 0 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0, 0: 0 = 0 0 0", 0, ""},
	} {
		w := tree.Walk(tt.f)
		read, pruned := 0, 0
		w.OnDir = func(_ string, r bool) {
			if r {
				read++
			} else {
				pruned++
			}
		}
		selected, stray := 0, 0
		for _, err := range w.Files() {
			if err == nil {
				selected++
			} else {
				stray++
			}
		}
		var levels []string
		var sum storage.Level
		for i, l := range w.Levels() {
			levels = append(levels, fmt.Sprintf("%d: %d = %d %d %d", l.Dirs, l.Names, l.Pruned, l.Stray, l.Selected))
			sum.Dirs += l.Dirs
			sum.Stray += l.Stray
			if i < 4 {
				sum.Pruned += l.Pruned
			}
			sum.Selected, sum.Bytes = l.Selected, l.Bytes
		}
		if got := strings.Join(levels, ", "); got != tt.levels {
			t.Errorf("%s: got %s\nwant %s", tt.name, got, tt.levels)
		}
		if sum.Bytes != tt.bytes || sum.Selected != selected || sum.Stray != stray || sum.Dirs != read || sum.Pruned != pruned {
			t.Errorf("%s: counted %+v, met %d files, %d strays, %d directories read, %d pruned", tt.name, sum, selected, stray, read, pruned)
		}
		var unmatched []string
		for _, u := range w.Unmatched() {
			unmatched = append(unmatched, u.Dimension+"="+strings.Join(u.Values, ","))
		}
		if got := strings.Join(unmatched, " "); got != tt.unmatched {
			t.Errorf("%s: unmatched %q, want %q", tt.name, got, tt.unmatched)
		}
	}
}
