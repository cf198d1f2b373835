package histogram_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// TestPublishedRanges compares all bucket lists with those that the converter of 2013 computed.
func TestPublishedRanges(t *testing.T) {
	ds := parseDefinitions(t, string(testkit.ReadFixture(t, "telemetry-server/histograms/definitions/a55c55edf302.json")))
	type numbers struct {
		Kind    string
		Low     any
		High    any
		N       any `json:"n_buckets"`
		Buckets []int64
	}
	var derived map[string]struct {
		numbers
		After *numbers `json:"after_substitution"`
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/histograms/ranges-derived/a55c55edf302.json"), &derived)
	n := 0
	for d := range ds.All() {
		n++
		want := derived[d.Name].numbers
		if after := derived[d.Name].After; after != nil {
			want = *after
		}
		if want.Low != float64(d.Low) || want.High != float64(d.High) || want.N != float64(d.Buckets) {
			t.Errorf("%s: low %d, high %d, %d buckets, want %v, %v, %v", d.Name, d.Low, d.High, d.Buckets, want.Low, want.High, want.N)
		}
		if !slices.Equal(d.Ranges(), want.Buckets) {
			t.Errorf("%s: ranges %d\nwant %d", d.Name, d.Ranges(), want.Buckets)
		}
	}
	if n != len(derived) || n != 524 {
		t.Errorf("%d definitions, want %d", n, len(derived))
	}

	var published struct {
		Histograms map[string]struct {
			Kind     string
			Min, Max int64
			N        int64 `json:"bucket_count"`
			Buckets  []int64
		}
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/histograms/ranges-published/a55c55edf302.json"), &published)
	for name, want := range published.Histograms {
		d, err := ds.Lookup(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if b := d.Ranges(); !slices.Equal(b, want.Buckets) || want.Min != d.Low || want.Max != b[len(b)-1] || want.N != d.Buckets {
			t.Errorf("%s: %+v, want %+v", name, d, want)
		}
	}
}

func TestEdgeRanges(t *testing.T) {
	var cases []struct {
		Name       string
		Definition json.RawMessage
		Buckets    []int64
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/histograms/edge-ranges.json"), &cases)
	for _, c := range cases {
		// Without constants, for the vectors have none.
		ds, err := histogram.ParseDefinitions([]byte(`{"H":`+string(c.Definition)+`}`), histogram.DefinitionOptions{Constants: map[string]int64{}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := ds.Lookup("H")
		if c.Buckets == nil {
			if err == nil {
				t.Errorf("%s is usable, with %d", c.Name, d.Ranges())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		} else if !slices.Equal(d.Ranges(), c.Buckets) {
			t.Errorf("%s: ranges %d, want %d", c.Name, d.Ranges(), c.Buckets)
		}
	}
}

func TestExpressionFixtures(t *testing.T) {
	var doc struct {
		Cases [][2]any
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/histograms/expressions.json"), &doc)
	for _, c := range doc.Cases {
		text := c[0].(string)
		n, err := evaluate(text, map[string]int64{})
		if c[1] == nil {
			if err == nil {
				t.Errorf("%q = %d, want an error", text, n)
			}
		} else if err != nil || float64(n) != c[1] {
			t.Errorf("%q = %d, %v, want %v", text, n, err, c[1])
		}
	}
}

func TestSpotChecks(t *testing.T) {
	ds := parseDefinitions(t, string(testkit.ReadFixture(t, "telemetry-server/histograms/definitions/a55c55edf302.json")))
	var checks []struct {
		Histogram string
		Defined   *bool
		Count     int64          `json:"bucket_count"`
		Index     map[int64]*int `json:"index_of"`
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/histograms/spot-checks.json"), &checks)
	for _, c := range checks {
		if c.Histogram == "" {
			continue // which TestEdgeRanges has
		}
		d, err := ds.Lookup(c.Histogram)
		if c.Defined != nil {
			if (err == nil) != *c.Defined {
				t.Errorf("Lookup(%s) = %v", c.Histogram, err)
			}
			continue
		}
		if err != nil || d.Buckets != c.Count {
			t.Errorf("Lookup(%s) = %+v, %v", c.Histogram, d, err)
			continue
		}
		for bound, want := range c.Index {
			i, found := slices.BinarySearch(d.Ranges(), bound)
			if found != (want != nil) || found && i != *want {
				t.Errorf("%s has the bound %d at %d, %v", c.Histogram, bound, i, found)
			}
		}
	}
}

// TestBadFiles: nothing in the bad files can be used.
func TestBadFiles(t *testing.T) {
	const dir = "telemetry-server/histograms/bad-ranges-files/"
	var reasons map[string]string
	unmarshal(t, testkit.ReadFixture(t, dir+"expected.json"), &reasons)
	for name := range reasons {
		if !strings.HasSuffix(name, ".json") {
			continue // a note
		}
		ds, err := histogram.ParseDefinitions(testkit.ReadFixture(t, dir+name), histogram.DefinitionOptions{})
		if err != nil {
			continue
		}
		if _, err := ds.Lookup("MY_HISTOGRAM"); err == nil {
			t.Errorf("%s: MY_HISTOGRAM is usable", name)
		}
		for d := range ds.All() {
			t.Errorf("%s: %s is usable", name, d.Name)
		}
	}
}

// TestPackFixtures packs the histograms of the conversion vectors.
func TestPackFixtures(t *testing.T) {
	var file struct{ Definitions json.RawMessage }
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/convert/definitions.json"), &file)
	ds := parseDefinitions(t, string(file.Definitions))
	type object struct{ Histograms map[string]json.RawMessage }
	var doc struct {
		Cases []struct {
			Name    string
			Payload struct {
				Ver json.RawMessage
				object
			}
			Expect struct {
				OK     bool
				Output object
			}
		}
	}
	unmarshal(t, testkit.ReadFixture(t, "telemetry-server/convert/cases.json"), &doc)
	packed := 0
	for _, c := range doc.Cases {
		if !c.Expect.OK || string(c.Payload.Ver) != "1" {
			continue
		}
		for name, raw := range c.Payload.Histograms {
			d, err := ds.Lookup(name)
			want := c.Expect.Output.Histograms[name]
			if err != nil {
				// The original lost the counts of a symbolic definition without a word: here it is unusable.
				if want != nil && !strings.HasPrefix(name, "X_SYMBOLIC_") {
					t.Errorf("%s: %v", c.Name, err)
				}
				continue
			}
			got, err := d.Pack(nil, raw)
			if e, ok := err.(*histogram.PackError); ok && e.Fault.Packed() == strings.Contains(c.Name, "not compared") {
				err = nil
			}
			packed++
			if err != nil || !sameJSON(t, got, want) {
				t.Errorf("%s: %s is %s, %v\nwant %s", c.Name, name, got, err, want)
			}
		}
	}
	if packed < 15 {
		t.Errorf("only %d histograms were packed", packed)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	for text, v := range map[*[]byte]*any{&a: &x, &b: &y} {
		d := json.NewDecoder(strings.NewReader(string(*text)))
		d.UseNumber()
		if err := d.Decode(v); err != nil {
			t.Errorf("%s: %v", *text, err)
		}
	}
	return reflect.DeepEqual(x, y)
}

func unmarshal(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}
