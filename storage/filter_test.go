package storage_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
)

// chosen returns the values that a dimension has in the files that f selects.
func chosen(t *testing.T, tree *storage.Tree, f filter.Filter, dim string) string {
	t.Helper()
	var values []string
	for file, err := range tree.Files(f) {
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, file.Dims.Get(dim))
	}
	return strings.Join(values, " ")
}

// TestFilterTypes selects from a store with the default schema: what its types make of both forms of a filter.
func TestFilterTypes(t *testing.T) {
	var files []string
	for _, v := range []string{"9.0", "23.0.1", "24.0", "24.0a1", "24.0.1", "28.0", "28.0b3", "28.0.1", "29.0a1", "OTHER", "UNKNOWN"} {
		files = append(files, "main/Firefox/beta/"+v+"/20120101.20120101.v2.log")
	}
	for _, build := range []string{"20130531235959", "2013060103", "20130601030203", "20130602", "OTHER", "UNKNOWN"} {
		files = append(files, "saved_session/Fennec/nightly/30.0a1/"+build+".20130603.v2.log")
	}
	tree := storeOf(t, files...)
	options := tree.Schema().FilterOptions(time.Date(2013, 6, 4, 12, 0, 0, 0, time.UTC))

	for _, tt := range []struct{ expr, dim, want string }{
		{"reason=main appVersion=24..28", "appVersion", "24.0.1 24.0 24.0a1 28.0.1 28.0 28.0b3"},
		{"reason=main appVersion=24.0..28.0", "appVersion", "24.0.1 24.0 28.0 28.0b3"},
		{"appVersion=28", "appVersion", "28.0.1 28.0 28.0b3"},
		{"appVersion=28.0", "appVersion", "28.0"},
		{"appVersion=..9", "appVersion", "9.0"},
		{"reason=main appVersion!=9..28", "appVersion", "29.0a1 OTHER UNKNOWN"},
		{"reason=main appVersion=OTHER,29..", "appVersion", "29.0a1 OTHER"},
		{"appBuildID=20130601", "appBuildID", "2013060103 20130601030203"},
		{"appBuildID=2013-06-01..", "appBuildID", "2013060103 20130601030203 20130602"},
		{"reason=saved-session appBuildID=..20130601", "appBuildID", "20130531235959 2013060103 20130601030203"},
		{"reason!=main appBuildID!=20130601", "appBuildID", "20130531235959 20130602 OTHER UNKNOWN"},
		{"appBuildID=UNKNOWN", "appBuildID", "UNKNOWN"},
		{"submission_date=yesterday appBuildID=20130531", "appBuildID", "20130531235959"},
		{"submission_date=-3d..-2d", "appBuildID", ""},
	} {
		choose(t, tree, options, tt.expr, tt.dim, tt.want)
	}

	for _, tt := range []struct{ dim, allowed, want string }{
		{"appVersion", `{"min": "24", "max": "28"}`, "24.0.1 24.0 24.0a1 28.0.1 28.0 28.0b3"},
		{"appVersion", `["28", "28.0"]`, "28.0"},
		{"appBuildID", `{"min": "20130531", "max": "20130601"}`, "20130531235959"},
		{"appBuildID", `["20130601", "2013-06-02"]`, "20130602"},
		{"appBuildID", `{"not": {"max": "20130601999999"}}`, "20130602 OTHER UNKNOWN"},
	} {
		f, err := options.Parse([]byte(`{"dimensions": [{"field_name": "` + tt.dim + `", "allowed_values": ` + tt.allowed + `}]}`))
		if err != nil {
			t.Errorf("%s: %v", tt.allowed, err)
			continue
		}
		if tt.dim == "appBuildID" {
			f["reason"] = filter.OneOf("saved-session")
		}
		if got := chosen(t, tree, f, tt.dim); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.allowed, got, tt.want)
		}
	}
}

// choose checks what an expression selects.
func choose(t *testing.T, tree *storage.Tree, options filter.Options, expr, dim, want string) {
	t.Helper()
	f, err := options.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return
	}
	if got := chosen(t, tree, f, dim); got != want {
		t.Errorf("%s: got %s, want %s", expr, got, want)
	}
}

// TestFilterSpelling selects from a store of another program, which spells dates and versions in its own way.
func TestFilterSpelling(t *testing.T) {
	tree := storeOf(t, "v/2013-06-01/1.x.log", "v/2013_06_02/-5.x.log", "v/20130603/7_5.x.log", "v/OTHER/10.x.log", "24-0/OTHER/1.x.log")
	schema, err := storage.ParseSchema([]byte(`{"dimensions": [
		{"field_name": "version", "allowed_values": "*", "type": "version"},
		{"field_name": "day", "allowed_values": "*", "type": "date"},
		{"field_name": "n", "allowed_values": "*", "type": "number"},
		{"field_name": "s", "allowed_values": "*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	tree, err = storage.OpenWith(tree.Dir(), schema)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	options := schema.FilterOptions(time.Time{})
	for _, tt := range []struct{ expr, dim, want string }{
		{"day=2013-06-01..20130602", "day", "2013-06-01 2013_06_02"},
		{"day=20130602", "day", "2013_06_02"},
		{"version=v day!=20130601,20130602,OTHER", "day", "20130603"},
		{"n=-5..7", "n", "1 1 -5"},
		{"n=7.50,-5.0", "n", "7_5 -5"},
		{"n=8..", "n", "10"},
		{"version=24.0.0", "version", "24-0"},
	} {
		choose(t, tree, options, tt.expr, tt.dim, tt.want)
	}
	f, err := options.Parse([]byte(`{"dimensions": [{"field_name": "day", "allowed_values": ["2013-06-01", "20130602"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := chosen(t, tree, f, "day"); got != "2013-06-01 2013_06_02" {
		t.Errorf("a list of days selects %s", got)
	}
}

// TestFilterStores checks which values a filter may name: what the schema allows, as it is and as it is stored.
func TestFilterStores(t *testing.T) {
	options := storage.DefaultSchema().FilterOptions(time.Time{})
	for _, tt := range []struct {
		dim, value string
		want       bool
	}{
		{"reason", "saved-session", true},
		{"reason", "saved_session", true},
		{"reason", "saved.session", false},
		{"reason", "OTHER", true},
		{"reason", "saved", false},
		{"appVersion", "any", true},
	} {
		if got := options.Stores(tt.dim, tt.value); got != tt.want {
			t.Errorf("Stores(%q, %q) = %v, want %v", tt.dim, tt.value, got, tt.want)
		}
	}
	var odd []string
	options.Warn = func(e *filter.DocumentError) { odd = append(odd, e.Error()) }
	f, err := options.Parse([]byte(`{"dimensions": [
		{"field_name": "reason", "allowed_values": ["main", "saved_session", "OTHER", "mane"]},
		{"field_name": "appVersion", "allowed_values": {"min": "28", "max": "9"}}]}`))
	if want := []string{`2:81: no file of the store can have reason=mane`, `3:74: a range from 28 to 9 holds nothing`}; err != nil || !slices.Equal(odd, want) {
		t.Errorf("%v, %v: warnings %q, want %q", f, err, odd, want)
	}
}

// TestFilterStoresTyped has a schema with ranges: a value that stands for several is wrong only where none can be stored.
func TestFilterStoresTyped(t *testing.T) {
	schema, err := storage.ParseSchema([]byte(`{"dimensions": [
		{"field_name": "version", "allowed_values": ["24.0", "28.0.1"], "type": "version"},
		{"field_name": "build", "allowed_values": {"min": "20130601120000"}, "type": "date"},
		{"field_name": "date", "allowed_values": {"not": ["20130607"]}, "type": "date"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	options := schema.FilterOptions(time.Time{})
	for _, tt := range []struct {
		expr string
		want bool
	}{
		{"version=24", true},
		{"version=24.0.0", true},
		{"version=28,24", true},
		{"version=28.0", false},
		{"version=29", false},
		{"version!=OTHER", true},
		{"build=20130601", true},
		{"date=20130606", true},
	} {
		if f, err := options.ParseExpr(tt.expr); (err == nil) != tt.want {
			t.Errorf("%s: %v, %v", tt.expr, f, err)
		}
	}
	for _, tt := range []struct{ values, want string }{
		{"24.0 20130601130000 20130608", "24.0 20130601130000 20130608"},
		{"24 20130601 2013-06-07", "OTHER OTHER OTHER"},
		{"28.0.1 2013-06-02 OTHER", "28.0.1 2013_06_02 OTHER"},
		{"28.0 UNKNOWN 20130607", "OTHER OTHER OTHER"},
	} {
		if got := strings.Join(schema.Clean(strings.Fields(tt.values)), " "); got != tt.want {
			t.Errorf("Clean(%s) = %s, want %s", tt.values, got, tt.want)
		}
	}
}

// TestFixtureSelectionTyped parses the filters of the vectors with the types of the default schema, which make no
// difference to what they select.
func TestFixtureSelectionTyped(t *testing.T) {
	var doc struct {
		Files    []string
		Selected map[string][]string
	}
	readFixture(t, &doc, "telemetry-server/schema/filter-selection.json")
	tree := storeOf(t, doc.Files...)
	for name, want := range doc.Selected {
		slices.Sort(want)
		if got := selected(t, tree, typedFixtureFilter(t, tree, "telemetry-server/schema/filters/"+name)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, want)
		}
	}
	for name, is := range map[string]string{"heka.json": "unknown dimension", "2013-07-include_invalid.json": "no longer known"} {
		data, err := os.ReadFile(testkit.Fixture(t, "telemetry-server/schema/filters/"+name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Schema().FilterOptions(time.Time{}).Parse(data); err == nil || !strings.Contains(err.Error(), is) {
			t.Errorf("%s: error %v, want %s", name, err, is)
		}
	}
}

// typedFixtureFilter reads a filter with the types of the store, writes it as JSON, and reads that.
func typedFixtureFilter(t *testing.T, tree *storage.Tree, name string) filter.Filter {
	t.Helper()
	data, err := os.ReadFile(testkit.Fixture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := tree.Schema().FilterOptions(time.Time{}).Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var again filter.Filter
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return again
}
