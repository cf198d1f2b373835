package histogram_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestRanges(t *testing.T) {
	for _, tt := range []struct {
		definition string
		want       []int64
	}{
		{`{"kind":"boolean"}`, []int64{0, 1, 2}},
		{`{"kind":"flag"}`, []int64{0, 1, 2}},
		{`{"kind":"count","keyed":true}`, []int64{0, 1, 2}},
		{`{"kind":"enumerated","n_values":"2 + 1"}`, []int64{0, 1, 2, 3}},
		{`{"kind":"linear","low":5,"high":50,"n_buckets":6}`, []int64{0, 5, 16, 28, 39, 50}},
		{`{"kind":"linear","low":0,"high":"9","n_buckets":4}`, []int64{0, 1, 5, 9}},
		{`{"kind":"exponential","high":100,"n_buckets":5}`, []int64{0, 1, 5, 22, 100}},
		{`{"kind":"exponential","low":"2 * 5","high":100,"n_buckets":2}`, []int64{0, 10}},
		{`{"kind":"exponential","high":4,"n_buckets":7}`, []int64{0, 1, 2, 3, 4, 5, 6}},
		{`{"kind":"linear","kind":"boolean","unheard_of":[{}]}`, []int64{0, 1, 2}},
	} {
		d, err := parseDefinitions(t, `{"H":`+tt.definition+`}`).Lookup("H")
		if err != nil {
			t.Errorf("%s: %v", tt.definition, err)
		} else if !slices.Equal(d.Ranges(), tt.want) || d.Buckets != int64(len(tt.want)) {
			t.Errorf("%s has the ranges %d, want %d", tt.definition, d.Ranges(), tt.want)
		}
	}
}

// TestCategorical: there is room for labels to come.
func TestCategorical(t *testing.T) {
	ds := parseDefinitions(t, `{
		"FEW": {"kind":"categorical","labels":["a","b"]},
		"MORE": {"kind":"categorical","labels":["a","b"],"n_values":80}}`)
	for name, want := range map[string]int64{"FEW": 51, "MORE": 81} {
		d, err := ds.Lookup(name)
		if err != nil || d.Buckets != want || !slices.Equal(d.Labels, []string{"a", "b"}) {
			t.Errorf("%s: %+v, %v, want %d buckets", name, d, err, want)
		}
	}
}

// TestUnusableDefinitions: what is wrong with one definition is no harm to others.
func TestUnusableDefinitions(t *testing.T) {
	for _, tt := range []struct{ definition, want string }{
		{`7`, "not an object"},
		{`{}`, "it has no kind"},
		{`{"kind":1}`, "kind is 1, not text"},
		{`{"kind":"pie"}`, `the kind "pie" is not known`},
		{`{"kind":"enumerated"}`, "it has no n_values"},
		{`{"kind":"enumerated","n_values":null}`, "n_values is null, not an integer"},
		{`{"kind":"enumerated","n_values":2.5}`, "n_values is 2.5, not an integer"},
		{`{"kind":"enumerated","n_values":1}`, "2 buckets are too few"},
		{`{"kind":"enumerated","n_values":"some::CONSTANT"}`, "the constant some::CONSTANT is not known"},
		{`{"kind":"enumerated","n_values":1000000}`, "more than 10000"},
		{`{"kind":"linear","high":10}`, "it has no n_buckets"},
		{`{"kind":"linear","high":10,"n_buckets":2}`, "2 buckets are too few"},
		{`{"kind":"linear","high":10,"n_buckets":13}`, "12 buckets from 1 to 10"},
		{`{"kind":"linear","low":9,"high":1,"n_buckets":5}`, "from 9 to 1"},
		{`{"kind":"exponential","low":-1,"high":10,"n_buckets":5}`, "low is -1"},
		{`{"kind":"exponential","high":0,"n_buckets":5}`, "high is 0"},
		{`{"kind":"exponential","high":10,"n_buckets":1}`, "1 buckets are too few"},
		{`{"kind":"exponential","high":9223372036854775807,"n_buckets":5}`, "larger than"},
		{`{"kind":"exponential","high":-9223372036854775808,"n_buckets":5}`, "larger than"},
	} {
		ds := parseDefinitions(t, `{"BAD":`+tt.definition+`,"GOOD":{"kind":"flag"}}`)
		_, err := ds.Lookup("BAD")
		if e, ok := errors.AsType[*histogram.DefinitionError](err); !ok || e.Name != "BAD" || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.definition, err, tt.want)
		}
		if got := slices.Collect(ds.Faults()); len(got) != 1 || got[0] != err {
			t.Errorf("%s: faults %v, want %v", tt.definition, got, err)
		}
		if _, err := ds.Lookup("GOOD"); err != nil {
			t.Error(err)
		}
	}
	if _, err := parseDefinitions(t, `{"A#B":{"kind":"flag"}}`).Lookup("A#B"); err == nil {
		t.Error("a name with # is usable")
	}
}

func TestLookup(t *testing.T) {
	ds := parseDefinitions(t, `{
		"GC_MS": {"kind":"flag"},
		"STARTUP_CRASH": {"kind":"boolean"},
		"CRASH": {"kind":"flag"},
		"BAD": {"kind":"pie"},
		"TWICE": {"kind":"pie"},
		"TWICE": {"kind":"boolean"}}`)
	for name, want := range map[string]string{
		"GC_MS": "GC_MS", "STARTUP_GC_MS": "GC_MS", "STARTUP_CRASH": "STARTUP_CRASH", "CRASH": "CRASH", "TWICE": "TWICE",
		"STARTUP_STARTUP_CRASH": "STARTUP_CRASH",
	} {
		if d, err := ds.Lookup(name); err != nil || d.Name != want {
			t.Errorf("Lookup(%q) = %v, %v, want %s", name, d, err, want)
		}
	}
	for _, name := range []string{"", "gc_ms", "STARTUP_", "GC_MS_STARTUP_", "STARTUP_NONE"} {
		if _, err := ds.Lookup(name); err != histogram.ErrUndefined {
			t.Errorf("Lookup(%q) = %v, want ErrUndefined", name, err)
		}
	}
	for _, name := range []string{"BAD", "STARTUP_BAD"} {
		if _, ok := errors.AsType[*histogram.DefinitionError](second(ds.Lookup(name))); !ok {
			t.Errorf("Lookup(%q) is no DefinitionError", name)
		}
	}
	var names []string
	for d := range ds.All() {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, []string{"CRASH", "GC_MS", "STARTUP_CRASH", "TWICE"}) {
		t.Errorf("All = %q", names)
	}
}

func second[T any](_ T, err error) error { return err }

func TestNoDefinitions(t *testing.T) {
	for _, tt := range []struct {
		text         string
		line, column int
	}{
		{"", 1, 1},
		{"<html>", 1, 1},
		{"[]", 1, 1},
		{"{\n  \"A\": {\"kind\":\"flag\",}\n}", 2, 23},
		{"{\"A\":1}\nx", 2, 1},
	} {
		_, err := histogram.ParseDefinitions([]byte(tt.text), histogram.DefinitionOptions{})
		if at, ok := errors.AsType[*filter.DocumentError](err); !ok || at.Line != tt.line || at.Column != tt.column {
			t.Errorf("%q: %v, want an error at %d:%d", tt.text, err, tt.line, tt.column)
		}
	}
}

// TestBounds: a file asks for no more memory than it should.
func TestBounds(t *testing.T) {
	file := func(n int, definition string) []byte {
		b := []byte{'{'}
		for i := range n {
			b = fmt.Appendf(b, `"H%d":%s,`, i, definition)
		}
		return append(b, `"LAST":{"kind":"flag"}}`...)
	}
	if ds, err := histogram.ParseDefinitions(file(30_000, `{"kind":"flag"}`), histogram.DefinitionOptions{}); err == nil {
		t.Errorf("%d definitions", len(slices.Collect(ds.All())))
	}
	ds := parseDefinitions(t, string(file(200, `{"kind":"enumerated","n_values":9999}`)))
	if n := len(slices.Collect(ds.All())); n != 100 {
		t.Errorf("%d definitions of 10,000 buckets", n)
	}
	if _, err := ds.Lookup("LAST"); err == nil || !strings.Contains(err.Error(), "more than 1000000 buckets") {
		t.Errorf("the last is behind all bounds: %v", err)
	}
}

func TestExpressions(t *testing.T) {
	constants := map[string]int64{"A": 3, "ns::B_2": -4, "HUGE": 1 << 60}
	for text, want := range map[string]int64{
		"1": 1, " 12\t": 12, "1+2*3": 7, "(1+2)*3": 9, "8 - 3 - 2": 3, "100 / 7 / 2": 7, "-7 / 2": -4, "7 / -2": -4, "-8/2": -4,
		"--2": 2, "-(-2)": 2, "+5": 5, "A": 3, "A*ns::B_2+1": -11, "9007199254740992 - 9007199254740990": 2, "0": 0,
		"((((((1))))))": 1,
	} {
		if n, err := evaluate(text, constants); err != nil || n != want {
			t.Errorf("%q = %d, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "1 +", "* 2", "1 2", "(1", "1)", "()", "1 // 2", "2 ** 3", "1.5", "1e3", "0x10", "010", "5L", "1/0", "1 % 2",
		"B", "A::", "a", "HUGE", "A(1)", "A.b", "__import__('os')", "9007199254740993", "4000000000 * 4000000000",
		"9007199254740992 + 9007199254740992", "99999999999999999999", "1\n+1", "'1'",
		strings.Repeat("(", 30) + "1" + strings.Repeat(")", 30), strings.Repeat("-", 50) + "1", strings.Repeat("1+", 200) + "1",
	} {
		if n, err := evaluate(text, constants); err == nil {
			t.Errorf("%q = %d, want an error", text, n)
		}
	}
}

// evaluate returns what an expression in a definition comes to.
func evaluate(text string, constants map[string]int64) (int64, error) {
	const offset = 1_000_000_000
	doc := fmt.Sprintf(`{"H":{"kind":"exponential","n_buckets":2,"high":%q}}`, fmt.Sprintf("(%s) + %d", text, offset))
	ds, err := histogram.ParseDefinitions([]byte(doc), histogram.DefinitionOptions{Constants: constants})
	if err != nil {
		return 0, err
	}
	d, err := ds.Lookup("H")
	if err != nil {
		return 0, err
	}
	return d.High - offset, nil
}

func parseDefinitions(t testing.TB, text string) *histogram.Definitions {
	t.Helper()
	ds, err := histogram.ParseDefinitions([]byte(text), histogram.DefinitionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// FuzzParseDefinitions: whatever is usable has ascending ranges of a bounded number.
func FuzzParseDefinitions(f *testing.F) {
	f.Add([]byte(`{"A":{"kind":"exponential","low":"32 * 1024","high":"16 * (1024 - 0) * 1024","n_buckets":50},"B":{"kind":"flag"}}`))
	f.Add([]byte(`{"L":{"kind":"linear","low":7,"high":"80 + 1","n_buckets":10,"extended_statistics_ok":true},"L":7}`))
	f.Add([]byte(`{"C":{"kind":"categorical","labels":["a",1],"n_values":"A / -0"},"D":{"kind":"enumerated","n_values":9999}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ds, err := histogram.ParseDefinitions(data, histogram.DefinitionOptions{Constants: map[string]int64{"A": 2}})
		if err != nil {
			if _, ok := errors.AsType[*filter.DocumentError](err); !ok {
				t.Fatalf("error %#v", err)
			}
			return
		}
		for d := range ds.All() {
			b := d.Ranges()
			if len(b) != int(d.Buckets) || len(b) < 2 || len(b) > 10_000 || b[0] != 0 || b[1] != d.Low {
				t.Fatalf("%+v has the ranges %d", d, b)
			}
			for i := range b[1:] {
				if b[i] >= b[i+1] {
					t.Fatalf("%+v has the ranges %d", d, b)
				}
			}
		}
	})
}
