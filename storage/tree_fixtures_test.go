package storage_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
)

// readFixture reads a fixture in JSON.
func readFixture(t *testing.T, to any, name string) {
	t.Helper()
	data, err := os.ReadFile(testkit.Fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// fixtureFilter reads a filter.
func fixtureFilter(t *testing.T, name string) filter.Filter {
	t.Helper()
	data, err := os.ReadFile(testkit.Fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := filter.Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// fixtureSchema reads a schema.
func fixtureSchema(t *testing.T, name string) *storage.Schema {
	t.Helper()
	s := &storage.Schema{}
	readFixture(t, s, "telemetry-server/schema/"+name)
	return s
}

// selected returns the paths of the files that f selects.
func selected(t *testing.T, tree *storage.Tree, f filter.Filter) []string {
	t.Helper()
	paths := []string{}
	for file, err := range tree.Files(f) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, file.Path)
	}
	return paths
}

// TestFixtureSchema checks cleaning and paths. Where the vectors let a value change the depth of a path, or leave the
// store, the path here is a harmless one of the same depth.
func TestFixtureSchema(t *testing.T) {
	var doc struct {
		Safe map[string]json.RawMessage `json:"safe_filename"`
		Dims struct {
			Schema string
			Cases  [][2][]string
		} `json:"apply_schema"`
		Paths []struct {
			Schema, Base, File, Warning string
			Dims                        []string
			Version                     int
		} `json:"file_for_dimensions"`
		From [][2]json.RawMessage `json:"dimensions_from_file"`
	}
	readFixture(t, &doc, "telemetry-server/schema/vectors.json")

	for _, group := range []string{"from_tests", "derived"} {
		var vectors [][2]string
		if err := json.Unmarshal(doc.Safe[group], &vectors); err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			switch want := v[1]; v[0] {
			case "", "..", "../../etc", "x_y.z/0": // not components of a path, there
				if got := storage.Sanitise(v[0]); got == want || strings.Contains(got, "/") {
					t.Errorf("Sanitise(%q) = %q", v[0], got)
				}
			default:
				if got := storage.Sanitise(v[0]); got != want {
					t.Errorf("Sanitise(%q) = %q, want %q", v[0], got, want)
				}
			}
		}
	}

	s := fixtureSchema(t, doc.Dims.Schema)
	for _, c := range doc.Dims.Cases {
		want := slices.Clone(c[1])
		for i := range want {
			want[i] = storage.Sanitise(want[i])
		}
		if got := s.Clean(c[0]); !slices.Equal(got, want) {
			t.Errorf("Clean(%q) = %q, want %q", c[0], got, want)
		}
	}

	for _, p := range doc.Paths {
		s := fixtureSchema(t, p.Schema)
		got := p.Base + "/" + s.Path(p.Dims)
		want, _, _ := strings.Cut(p.File, ".v") // written now is version 2 only
		if p.Warning == "" && got != want+".v2.log" {
			t.Errorf("Path(%q) = %s, want %s", p.Dims, got, want)
		}
		if p.Warning != "" && (path.Clean(got) != got || strings.Count(got, "/") != 5 || strings.Contains(got, "/.")) {
			t.Errorf("Path(%q) = %s", p.Dims, got)
		}
	}

	for _, v := range doc.From {
		var name string
		var want []string
		if err := json.Unmarshal(v[0], &name); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(v[1], &want); err != nil {
			t.Fatal(err)
		}
		if got, err := storage.DefaultSchema().ParsePath(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("ParsePath(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
}

// TestFixtureSelection makes trees of the files of the vectors and selects from them.
func TestFixtureSelection(t *testing.T) {
	var doc struct {
		Files    []string
		Selected map[string][]string
	}
	readFixture(t, &doc, "telemetry-server/schema/filter-selection.json")
	tree := storeOf(t, doc.Files...)
	if len(doc.Selected) < 7 {
		t.Errorf("only %d filters", len(doc.Selected))
	}
	for name, want := range doc.Selected {
		slices.Sort(want)
		if got := selected(t, tree, fixtureFilter(t, "telemetry-server/schema/filters/"+name)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, want)
		}
	}

	// A schema is a filter, too. Files outside the base cannot be asked for here.
	var vectors struct {
		Files struct {
			Schema   string `json:"schema_as_filter"`
			Base     string
			Files    []string
			Included []string
		} `json:"filter_files"`
	}
	readFixture(t, &vectors, "telemetry-server/schema/vectors.json")
	var inside, want []string
	for _, name := range vectors.Files.Files {
		if name, ok := strings.CutPrefix(name, vectors.Files.Base+"/"); ok {
			inside = append(inside, name)
		}
	}
	for _, name := range vectors.Files.Included {
		want = append(want, strings.TrimPrefix(name, vectors.Files.Base+"/"))
	}
	slices.Sort(want)
	got := selected(t, storeOf(t, inside...), fixtureFilter(t, "telemetry-server/schema/"+vectors.Files.Schema))
	if len(inside) != 25 || !slices.Equal(got, want) {
		t.Errorf("of %d files: got\n%q\nwant\n%q", len(inside), got, want)
	}
}

// TestFixtureJobs selects the input files of jobs from the tree they belong to.
func TestFixtureJobs(t *testing.T) {
	var doc struct {
		Jobs map[string]struct {
			Filter json.RawMessage
			Files  []string
		}
	}
	readFixture(t, &doc, "telemetry-server/mapreduce/expected.json")
	tree, err := storage.Open(testkit.Fixture(t, "telemetry-server/mapreduce/store"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for name, job := range doc.Jobs {
		f, err := filter.Parse(job.Filter)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		slices.Sort(job.Files)
		if got := selected(t, tree, f); !slices.Equal(got, job.Files) {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, job.Files)
		}
	}
}

// TestFixtureReal selects from a tree of real submissions. What was expected was computed with the rule of 2013, by
// which lists are cleaned before they are compared, but single strings and ranges are not; here all are. None of these
// filters has a string or a bound that cleaning changes, so nothing differs, and the last check shows where it would.
func TestFixtureReal(t *testing.T) {
	tree, err := storage.Open(testkit.Fixture(t, "real/telemetry"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	in, err := os.Open(testkit.Fixture(t, "real/expected/A10_filters.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	n := 0
	for lines := bufio.NewScanner(in); lines.Scan(); n++ {
		name, text, _ := strings.Cut(lines.Text(), "\t")
		var want struct {
			Files int
			SHA1  string `json:"paths_sha1"`
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		got := selected(t, tree, fixtureFilter(t, "real/expected/A10_filter_"+name+".json"))
		sum := sha1.Sum([]byte(strings.Join(got, "\n")))
		if len(got) != want.Files || hex.EncodeToString(sum[:]) != want.SHA1 {
			t.Errorf("%s: %d files, want %d:\n%s", name, len(got), want.Files, strings.Join(got, "\n"))
		}
		if typed := selected(t, tree, typedFixtureFilter(t, tree, "real/expected/A10_filter_"+name+".json")); !slices.Equal(typed, got) {
			t.Errorf("%s, with types: got\n%s", name, strings.Join(typed, "\n"))
		}
	}
	if n != 17 {
		t.Errorf("%d filters, want 17", n)
	}

	list := filter.Filter{"reason": filter.OneOf("saved-session")}
	bounds := filter.Filter{"reason": filter.Range("saved-session", "saved-session", true, true)}
	if a, b := selected(t, tree, list), selected(t, tree, bounds); len(a) == 0 || !slices.Equal(a, b) {
		t.Errorf("the list selects\n%q\nthe range\n%q", a, b)
	}
}

// TestFixtureLayouts writes the tree of real submissions in other layouts: each filter selects the same records.
func TestFixtureLayouts(t *testing.T) {
	tree, err := storage.Open(testkit.Fixture(t, "real/telemetry"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	filters, err := filepath.Glob(testkit.Fixture(t, "real/expected") + "/A10_filter_*.json")
	if err != nil || len(filters) != 17 {
		t.Fatalf("%d filters, want 17; %v", len(filters), err)
	}
	for _, layout := range []string{
		"reason={reason}/appName={appName}/channel={appUpdateChannel}/version={appVersion}/build={appBuildID}/date={submission_date}/part",
		"{submission_date}/{appVersion}/reason={reason}/{appBuildID}.{appUpdateChannel}.app={appName}",
	} {
		s := &storage.Schema{Version: 1, Layout: layout}
		for _, d := range tree.Schema().Dimensions {
			s.Dimensions = append(s.Dimensions, storage.Dimension{Name: d.Name, Type: d.Type})
		}
		other, err := storage.Init(t.TempDir(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		w := storage.NewWriter(other, storage.WriterOptions{})
		defer w.Close()
		for file, err := range tree.Files(nil) {
			if err != nil {
				t.Fatal(err)
			}
			var values []string
			for _, v := range file.Dims.All() {
				values = append(values, v)
			}
			for rec, err := range file.Records() {
				if err == nil {
					err = w.Append(values, rec.Key, rec.Value)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, name := range filters {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := filter.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := keysOf(t, other, f), keysOf(t, tree, f); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %d records, want %d", layout, filepath.Base(name), len(got), len(want))
			}
		}
	}
}

// keysOf returns dimensions and keys of the records that f selects, sorted.
func keysOf(t *testing.T, tree *storage.Tree, f filter.Filter) []string {
	t.Helper()
	var keys []string
	for file, err := range tree.Files(f) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, file.Dims.String()+" "+string(rec.Key))
		}
	}
	slices.Sort(keys)
	return keys
}
