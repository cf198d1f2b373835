package filter_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
)

// TestFixtureAllowed checks the grammar of allowed_values and what each form holds.
func TestFixtureAllowed(t *testing.T) {
	data, err := os.ReadFile(testkit.Fixture(t, "telemetry-server/schema/vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Allowed map[string]json.RawMessage `json:"is_allowed"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, group := range []string{"from_tests", "derived"} {
		var vectors [][3]json.RawMessage
		if err := json.Unmarshal(doc.Allowed[group], &vectors); err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			var value string
			var set filter.Set
			var want bool
			for i, to := range []any{&value, &set, &want} {
				if err := json.Unmarshal(v[i], to); err != nil {
					t.Fatalf("%s: %v", v, err)
				}
			}
			if got := set.Contains(value); got != want {
				t.Errorf("%s: Contains(%q) = %v, want %v", v[1], value, got, want)
			}
			n++
		}
	}
	if n < 20 {
		t.Errorf("only %d vectors", n)
	}
}

// TestFixtureDocuments parses every filter and schema there is, and the templates of filters with their placeholders
// filled in.
func TestFixtureDocuments(t *testing.T) {
	var files []string
	for _, pattern := range []string{
		testkit.Fixture(t, "telemetry-server/schema") + "/*schema*.json",
		testkit.Fixture(t, "telemetry-server/schema") + "/history/*.json",
		testkit.Fixture(t, "telemetry-server/schema") + "/filters/*.json",
		testkit.Fixture(t, "telemetry-server/schema") + "/filters/templates/*.txt",
		testkit.Fixture(t, "real/expected") + "/A10_filter_*.json",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	refused := map[string]string{
		"2013-07-include_invalid.json": "OTHER",             // the key was removed
		"cpp_test_schema.json":         `text, write "448"`, // a number as a bound: comparisons are of text
		"fxosping.json.txt":            "not JSON",          // its placeholder stands for a list, with the brackets
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := filter.Parse(data)
		if want, ok := refused[filepath.Base(file)]; ok {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", file, err, want)
			}
			data = []byte(strings.ReplaceAll(string(data), "__TARGET_DATE__", `["20140308"]`))
			if _, err := filter.Parse(data); strings.HasPrefix(want, "not") && err != nil {
				t.Errorf("%s, filled in: %v", file, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if len(f) != 6 && len(f) != 9 {
			t.Errorf("%s: %d dimensions", file, len(f))
		}
	}
}
