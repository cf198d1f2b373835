package main // as script_test.go, whose programs it runs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
)

// runExample runs one of the examples with several numbers of workers and partitions, and returns the rows, which must be the
// same each time. args go before the job.
func runExample(t *testing.T, job []string, args ...string) string {
	t.Helper()
	if !*examples && !slices.Contains(built, job[0]) {
		t.Skip("-examples builds all examples")
	}
	if err := buildExamples(); err != nil {
		t.Fatal(err)
	}
	shapes := []struct{ workers, partitions int }{{2, 3}, {1, 1}, {4, 7}, {8, 1}}
	if testing.Short() {
		shapes = shapes[:1]
	}
	program, err := exec.LookPath(job[0])
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for i, s := range shapes {
		shape := []string{"run", "--workers", fmt.Sprint(s.workers), "--partitions", fmt.Sprint(s.partitions)}
		cmd := exec.Command("mr", slices.Concat(shape, args, []string{program}, job[1:])...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v\n%s", cmd.Args, err, stderr.String())
		}
		if i == 0 {
			first = string(out)
		}
		if string(out) != first {
			t.Fatalf("%q gives\n%s\nwith %+v it gave\n%s", cmd.Args, out, shapes[0], first)
		}
	}
	return first
}

// Jobs of 2013 over a store of their time, two of whose lines are bad.
func TestExamples2013(t *testing.T) {
	store := testkit.Fixture(t, "telemetry-server/mapreduce/store")
	text, err := os.ReadFile(testkit.Fixture(t, "telemetry-server/mapreduce/expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Jobs map[string]struct {
			Filter json.RawMessage
			Rows   []string `json:"rows_sorted"`
		}
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		job       []string
		separator string // of the cells, in what is expected
	}{
		{"dims_only", []string{"dims_only"}, "\t"},
		{"simple_counter", []string{"simple_counter"}, "\t"},
		{"trivial", []string{"trivial"}, "\t"},
		{"osdistribution", []string{"osdistribution"}, "\t"},
		{"distribution", []string{"distribution", "NEWTAB_PAGE_SHOWN=2", "NEWTAB_PAGE_SITE_CLICKED=9"}, ","},
		{"flash_versions", []string{"flash_versions"}, ","},
		{"slowsql", []string{"slowsql"}, ","},
		{"mainthreadio", []string{"mainthreadio"}, ","},
		{"loop_failures", []string{"loop_failures"}, "\t"},
		{"map_only_active_experiment", []string{"active_experiments"}, "\t"},
	} {
		t.Run(test.name, func(t *testing.T) {
			filter := filepath.Join(t.TempDir(), "filter.json")
			if err := os.WriteFile(filter, expected.Jobs[test.name].Filter, 0o600); err != nil {
				t.Fatal(err)
			}
			out := runExample(t, test.job, "--data", store, "--filter", filter, "--max-bad", "2")
			got := rows2013(strings.Split(strings.ReplaceAll(strings.TrimSuffix(out, "\n"), "\t", test.separator), "\n"))
			want := rows2013(expected.Jobs[test.name].Rows)
			for i := range want { // the record that is no JSON counted in a total; here, no pair of a bad record does
				want[i] = strings.Replace(want[i], "TOTAL,20140308,Firefox,28,beta,ALL_PINGS,13,13,", "TOTAL,20140308,Firefox,28,beta,ALL_PINGS,12,12,", 1)
			}
			if !slices.Equal(got, want) {
				t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

var whole = regexp.MustCompile(`\.0(,|$)`)

// rows2013 is sorted rows, with numbers such as 0.0 as 0, and without the rows about bad records, which a run counts itself.
func rows2013(rows []string) []string {
	var list []string
	for _, row := range rows {
		if !strings.HasPrefix(row, "Error,") {
			list = append(list, whole.ReplaceAllString(row, "$1"))
		}
	}
	slices.Sort(list)
	return list
}

// Real pings in the files of their time.
func TestExamplesReal(t *testing.T) {
	store := testkit.Fixture(t, "real/telemetry")
	for _, test := range []struct {
		name, job string
		row       func(cells []string) string // as expected, with what is JSON as the last cell
	}{
		{"A01_count_by_submission_date", "dims_only", nil},
		{"A02_os_distribution", "osdistribution", nil},
		{"A03_count_by_key", "simple_counter", nil},
		{"A04_flash_versions", "flash_versions", func(c []string) string { return strings.Join(c[:6], ",") + "\t" + c[6] }},
		{"A05_v2_histogram_sums", "histogram_sums", func(c []string) string {
			return strings.Join(c[:3], "/") + "\t[" + c[3] + "," + c[4][1:]
		}},
		{"A06_v1_histogram_merge", "histogram_merge", nil},
		{"A07_addon_pings", "addons", nil},
		{"A09_bytes_by_dims", "bytes_by_dims", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := os.ReadFile(testkit.Fixture(t, "real/expected/"+test.name+".tsv"))
			if err != nil {
				t.Fatal(err)
			}
			var got, want []any
			for row := range strings.Lines(runExample(t, []string{test.job}, "--data", store)) {
				row = strings.TrimSuffix(row, "\n")
				if test.row != nil {
					row = test.row(strings.Split(row, "\t"))
				}
				got = append(got, parsed(t, row)...)
			}
			for row := range strings.Lines(string(text)) {
				if !strings.HasPrefix(row, "#") { // what the job skips
					want = append(want, parsed(t, strings.TrimSuffix(row, "\n"))...)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("rows:\n%v\nwant:\n%v", got, want)
			}
		})
	}
}

// The table of examples/README.md has a row for each job, and the commands for those that are built give rows.
func TestExamplesReadme(t *testing.T) {
	readme, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	mains, err := filepath.Glob("../../examples/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var jobs, rows []string
	for _, m := range mains {
		jobs = append(jobs, filepath.Base(filepath.Dir(m)))
	}
	row := regexp.MustCompile("(?m)^\\| \\[(\\w+)\\]\\((\\w+)/main\\.go\\) \\| [^|]+ \\| (?:`bin/mr ([^`|]*)` )?\\|$")
	for _, m := range row.FindAllStringSubmatch(string(readme), -1) {
		rows = append(rows, m[1])
		if m[1] != m[2] {
			t.Errorf("the row of %s leads to %s", m[1], m[2])
		}
		if m[3] == "" || !*examples && !slices.Contains(built, m[1]) {
			continue
		}
		if err := buildExamples(); err != nil {
			t.Fatal(err)
		}
		mr, err := exec.LookPath("mr")
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(m[3])
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "bin/", filepath.Dir(mr)+"/")
		}
		cmd := exec.Command(mr, args...)
		cmd.Dir = "../.."
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if out, err := cmd.Output(); err != nil || len(out) == 0 {
			t.Errorf("%q: %v, %d bytes of output\n%s", cmd.Args, err, len(out), stderr.String())
		}
	}
	if !slices.Equal(rows, jobs) {
		t.Errorf("the rows are of %q, the jobs are %q", rows, jobs)
	}
}

// parsed is a row of a key and a value: the key, and the value read as JSON.
func parsed(t *testing.T, row string) []any {
	t.Helper()
	key, text, _ := strings.Cut(row, "\t")
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("row %q: %v", row, err)
	}
	return []any{key, value}
}
