package main // as readme_test.go, whose words it reads

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReport compares the report of a run with REPORT.md: it has these members, in this order.
func TestReport(t *testing.T) {
	doc := read(t, os.DirFS("."), "REPORT.md")
	dir := t.TempDir()
	stored := "a\t{\"os\": \"Linux\"}\nb\t{}\nc\t{\"do\": \"panic\"}\n"
	for name, text := range map[string]string{
		"store/main/Firefox/beta/29.0/20140301.20140302.v2.log":    stored,
		"store/main/Firefox/beta/29.0/20140301.20140303.v2.log.gz": "not gzip",
		"store/main/Firefox/beta/29.0/notes\xff":                   "stray",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Skip(err) // a file system whose names are text
		}
	}
	run := func(args ...string) (text string) {
		cmd := exec.Command("mr", append([]string{"run", "--data", "store", "--report", "r.json"}, args...)...)
		cmd.Dir = dir
		_ = cmd.Run() // the report has the status
		return read(t, os.DirFS(dir), "r.json")
	}

	done := run("--filter", "appUpdateChannel=beta", "--format", "csv", "--max-bad", "2", "--output", "out.csv", "job", "count")
	optional := []string{".error", ".hint", ".job.version"} // a run that is done has no error, a test's program perhaps no version
	known := func(text string) string {
		return strings.Join(slices.DeleteFunc(members(t, text), func(m string) bool { return slices.Contains(optional, m) }), "\n")
	}
	if got, want := known(done), known(blocks(doc, "json")[0]); got != want {
		t.Errorf("members\n%s\nwant, as in REPORT.md,\n%s", got, want)
	}
	failed := run("job", "reduce")
	if got, head := members(t, failed), []string{".mr", ".status", ".error"}; !slices.Equal(got[:3], head) {
		t.Errorf("a failed run's members begin %q, want %q", got[:3], head)
	}

	var rep struct {
		Status int
		Filter struct {
			Dimensions []struct {
				FieldName string `json:"field_name"`
			}
		}
		Counts   map[string]int64
		BadBy    map[string]int64 `json:"bad"`
		Skipped  map[string]int64
		Counters map[string]int64
		Bad      []struct{ Line, Offset int64 } `json:"bad_records"`
		Damaged  []struct{ Size int64 }         `json:"damaged_files"`
		Strays   []struct{ Path string }
		Inputs   []struct {
			Size  int64
			CRC32 string
		}
	}
	if err := json.Unmarshal([]byte(done), &rep); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d %s %d %v %v %v %v %v %s %v", rep.Status, rep.Filter.Dimensions[0].FieldName, rep.Counts["records"], rep.Skipped, rep.Counters, rep.BadBy, rep.Bad, rep.Damaged, rep.Strays[0].Path, rep.Inputs)
	wantText := fmt.Sprintf(`0 appUpdateChannel 3 map[no os:1] map[seen:2] map[panic:1] [{3 23}] [{8}] main/Firefox/beta/29.0/notes\xff [{%d %08x} {8 }]`, len(stored), crc32.ChecksumIEEE([]byte(stored)))
	if got != wantText {
		t.Errorf("the report says\n%s\nwant\n%s", got, wantText)
	}
	rep.Inputs = nil
	if err := json.Unmarshal([]byte(failed), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Status != 4 || len(rep.Inputs) != 2 || rep.Inputs[0].CRC32 != "" {
		t.Errorf("a failed run's report: %+v", rep)
	}
}

// members lists the members of the object in a JSON text, level by level as they come: ".a", ".a.b". Of an array the first
// element counts; what a job or a build names itself is left out.
func members(t *testing.T, text string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var all []string
	var value func(at string)
	next := func() json.Token {
		tok, err := dec.Token()
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		return tok
	}
	value = func(at string) {
		switch next() {
		case json.Delim('{'):
			for dec.More() {
				name := at + "." + next().(string)
				if own := at == ".skipped" || at == ".counters" || at == ".formats" || at == ".bad" || at == ".job.build"; !own && !slices.Contains(all, name) {
					all = append(all, name)
				}
				value(name)
			}
			next()
		case json.Delim('['):
			for dec.More() {
				value(at + "[]")
			}
			next()
		}
	}
	value("")
	return all
}
