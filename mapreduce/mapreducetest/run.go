package mapreducetest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
)

var update = flag.Bool("update", false, "write the rows of jobs to the golden files of package mapreducetest, instead of comparing them")

// Run runs a job over records in many ways, as the package's documentation tells. The test fails if the rows are not want, one
// a line, with a TAB between cells, or if they depend on how the job is run. A line end at the beginning of want does not
// count. Run returns the account of a run, with what was skipped, and the job's counters.
func Run[K comparable, V any](t testing.TB, job mapreduce.Job[K, V], records []Record, want string) mapreduce.Stats {
	t.Helper()
	got, stats := rows(t, jobOf(t, job), records, mapreduce.TSV)
	compare(t, strings.TrimPrefix(want, "\n"), got)
	return stats
}

// Golden is [Run] with the rows in a file, whose name says their format: .csv, .jsonl, or else tab-separated. With the flag
// -update (go test -update), the file is written instead.
func Golden[K comparable, V any](t testing.TB, job mapreduce.Job[K, V], records []Record, name string) mapreduce.Stats {
	t.Helper()
	return golden(t, jobOf(t, job), records, name)
}

func jobOf[K comparable, V any](t testing.TB, j mapreduce.Job[K, V]) job {
	t.Helper()
	typed, err := typedJob(j)
	if err != nil {
		t.Fatal(err)
	}
	return typed
}

func golden(t testing.TB, j job, records []Record, name string) mapreduce.Stats {
	t.Helper()
	format, err := mapreduce.ParseFormat(strings.TrimPrefix(filepath.Ext(name), "."))
	if err != nil {
		format = mapreduce.TSV
	}
	got, stats := rows(t, j, records, format)
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return stats
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v\nrun the test with -update to write it", err)
	}
	compare(t, string(want), got)
	return stats
}

func rows(t testing.TB, j job, records []Record, f mapreduce.Format) (string, mapreduce.Stats) {
	t.Helper()
	got, stats, err := checkJob(t.Context(), j, records, Options{Format: f})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return got, stats
}

func compare(t testing.TB, want, got string) {
	t.Helper()
	if d := diff("- want, + got", want, got); d != "" {
		t.Errorf("rows:\n%s", d)
	}
}
