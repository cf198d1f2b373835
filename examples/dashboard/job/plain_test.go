package job_test

import (
	"flag"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

// Each check runs the job a dozen times, with many arrays.
func init() {
	if err := flag.Set("rapid.checks", "6"); err != nil {
		panic(err)
	}
}

// TestPlain: arrays as browsers write them, which are read in a way of their own, say what they say with blanks.
func TestPlain(t *testing.T) {
	one := mapreducetest.Records(t, dims+"\t\tid {}\n\t")[0]
	number := rapid.OneOf(
		rapid.Just("0"), rapid.Just("0"), rapid.StringMatching(`[1-9]`), rapid.StringMatching(`[1-9][0-9]{1,17}`), rapid.Just("-1"),
		rapid.StringMatching(`(0|[1-9][0-9]{0,3})\.[0-9]{1,16}`), rapid.SampledFrom([]string{"-2", "1e3", "null", "131071", "131072", "4398046511104", "0.0"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var plain, blanks []string
		for range rapid.IntRange(1, 60).Draw(t, "arrays") {
			numbers := append(rapid.SliceOfN(rapid.SampledFrom([]string{"0", "0", "0", "7", "12", "345"}), 0, 40).Draw(t, "buckets"),
				rapid.SliceOfN(number, 5, 7).Draw(t, "summary")...)
			plain = append(plain, "["+strings.Join(numbers, ",")+"]")
			blanks = append(blanks, "[ "+strings.Join(numbers, " , ")+" ]")
		}
		rows := func(arrays []string) (string, map[string]int64) {
			record := one
			record.Value = `{"info":{},"histograms":{"M":` + strings.Join(arrays, `,"M":`) + "}}"
			rows, stats, err := mapreducetest.Check(t.Context(), job.Job(), []mapreducetest.Record{record}, mapreducetest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return rows, stats.Counts
		}
		got, gotCounts := rows(plain)
		want, wantCounts := rows(blanks)
		if got != want || len(gotCounts) != len(wantCounts) {
			t.Errorf("got\n%s%v\nwant\n%s%v\nof %s", got, gotCounts, want, wantCounts, plain)
		}
	})
}
