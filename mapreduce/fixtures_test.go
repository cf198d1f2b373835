package mapreduce_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/mapreduce"
)

// The jobs of 2013 over the synthetic store, two of whose lines are bad.
func TestFixtures2013(t *testing.T) {
	store := testkit.Fixture(t, "telemetry-server/mapreduce/store")
	text, err := os.ReadFile(testkit.Fixture(t, "telemetry-server/mapreduce/expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Jobs map[string]struct {
			Filter json.RawMessage
			Files  []string
			Rows   []string `json:"rows_sorted"`
			Stats  struct {
				BadLines  int64 `json:"bad_lines"`
				MapErrors int64 `json:"map_errors"`
			}
		}
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	for name, job := range map[string]string{"osdistribution": "os", "simple_counter": "ids", "dims_only": "dates", "trivial": "trivial"} {
		t.Run(name, func(t *testing.T) {
			e := expected.Jobs[name]
			f, err := filter.Parse(e.Filter)
			if err != nil {
				t.Fatal(err)
			}
			out, stats := sameEveryWay(t, job, mapreduce.Config{Data: store, Filter: f, MaxBad: mapreduce.Budget{N: 2}})
			if stats.Files != int64(len(e.Files)) || stats.Bad != e.Stats.BadLines+e.Stats.MapErrors {
				t.Errorf("%d files, %d bad; want %d files, %d bad lines, %d map errors",
					stats.Files, stats.Bad, len(e.Files), e.Stats.BadLines, e.Stats.MapErrors)
			}
			got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			want := e.Rows
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// Real pings in the files of their time.
func TestFixturesReal(t *testing.T) {
	store := testkit.Fixture(t, "real/telemetry")
	for name, job := range map[string]string{
		"A01_count_by_submission_date": "dates",
		"A02_os_distribution":          "os-or-none",
		"A03_count_by_key":             "ids",
		"A04_flash_versions":           "flash",
		"A05_v2_histogram_sums":        "sums",
	} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(testkit.Fixture(t, "real/expected/"+name+".tsv"))
			if err != nil {
				t.Fatal(err)
			}
			out, _ := sameEveryWay(t, job, mapreduce.Config{Data: store})
			if out != string(want) {
				t.Errorf("output:\n%s\nwant:\n%s", out, want)
			}
		})
	}
}
