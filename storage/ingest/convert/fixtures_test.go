package convert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

// oneRevision returns definitions for one revision and none for others.
func oneRevision(t *testing.T, url string, text []byte) func(string) (*histogram.Definitions, error) {
	t.Helper()
	defs, err := histogram.ParseDefinitions(text, histogram.DefinitionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return func(revision string) (*histogram.Definitions, error) {
		if revision != url {
			return nil, fmt.Errorf("no definitions for %s", revision)
		}
		return defs, nil
	}
}

// TestCases converts the payloads of the fixtures.
func TestCases(t *testing.T) {
	var defs struct {
		URL         string          `json:"revision_url"`
		Definitions json.RawMessage `json:"definitions"`
	}
	decode(t, testkit.ReadFixture(t, "telemetry-server/convert/definitions.json"), &defs)
	var all struct {
		Countries map[string]string `json:"geo_database"`
		Cases     []struct {
			Name    string
			Date    string `json:"submission_date"`
			IP      *string
			Payload json.RawMessage
			Expect  struct {
				OK         bool
				Output     any
				Dimensions []string
				Category   convert.Category
			}
		}
	}
	decode(t, testkit.ReadFixture(t, "telemetry-server/convert/cases.json"), &all)
	c := convert.New(storage.DefaultSchema(), convert.Options{
		Definitions: oneRevision(t, defs.URL, defs.Definitions),
		Country:     func(addr string) string { return all.Countries[addr] },
	})
	for _, test := range all.Cases {
		ping := convert.Ping{Text: test.Payload, Date: test.Date}
		if test.IP != nil {
			ping.Addr = []byte(*test.IP)
		}
		rec, err := c.Convert(ping)
		if refused, ok := errors.AsType[*convert.Error](err); ok {
			if test.Expect.OK || refused.Category != test.Expect.Category {
				t.Errorf("%s: %v, want %q", test.Name, err, test.Expect.Category)
			}
			continue
		}
		if !test.Expect.OK {
			t.Errorf("%s: converted, want %s", test.Name, test.Expect.Category)
			continue
		}
		var got any
		decode(t, rec.Value, &got)
		want := test.Expect.Output
		// The server of 2013 kept no counts, or zeros, of a histogram whose buckets it did not know. Here it is left out and counted.
		for _, unusable := range []string{"X_SYMBOLIC_COUNT", "X_SYMBOLIC_HIGH"} {
			if histograms, ok := want.(map[string]any)["histograms"].(map[string]any); ok && histograms[unusable] != nil {
				delete(histograms, unusable)
				if rec.Dropped != 1 {
					t.Errorf("%s: %d histograms dropped, want 1", test.Name, rec.Dropped)
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%s\nwant\n%v", test.Name, rec.Value, want)
		}
		if !slices.Equal(rec.Dims, test.Expect.Dimensions) {
			t.Errorf("%s: dimensions %q, want %q", test.Name, rec.Dims, test.Expect.Dimensions)
		}
	}
}

// TestAddressLists looks for the first address of a list that has a country.
func TestAddressLists(t *testing.T) {
	var all struct {
		Database map[string]string
		Lists    []struct {
			IP      string
			Country *string
		} `json:"first_known_country_of_list"`
	}
	decode(t, testkit.ReadFixture(t, "telemetry-server/convert/geo.json"), &all)
	c := convert.New(storage.DefaultSchema(), convert.Options{Country: func(addr string) string { return all.Database[addr] }})
	for _, test := range all.Lists {
		want := "??"
		if test.Country != nil {
			want = *test.Country
		}
		rec, err := c.Convert(convert.Ping{Text: []byte(`{"ver":3}`), Addr: []byte(test.IP)})
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Info struct{ GeoCountry string } }
		decode(t, rec.Value, &got)
		if got.Info.GeoCountry != want {
			t.Errorf("%q: %s, want %s", test.IP, got.Info.GeoCountry, want)
		}
	}
}

// TestText checks how numbers and strings are written.
func TestText(t *testing.T) {
	var all struct {
		Escapes, Numbers [][2]string
		Refused          []string `json:"accepted_by_reference_but_not_JSON"`
	}
	decode(t, testkit.ReadFixture(t, "telemetry-server/convert/json-text.json"), &all)
	value := func(in string) (string, error) {
		c := convert.New(storage.DefaultSchema(), convert.Options{})
		rec, err := c.Convert(convert.Ping{Text: []byte(`{"ver":2,"info":{},"x":` + in + `}`)})
		if err != nil {
			return "", err
		}
		var got struct{ X json.RawMessage }
		decode(t, rec.Value, &got)
		return string(got.X), nil
	}
	for _, test := range all.Escapes {
		in, _ := json.Marshal(test[0])
		if got, err := value(string(in)); got != test[1] || err != nil {
			t.Errorf("%s: %s, %v, want %s", in, got, err, test[1])
		}
	}
	for _, test := range all.Numbers { // every digit is kept, of 1E5 too, which was 100000.0
		if got, err := value(test[0]); got != test[0] || err != nil {
			t.Errorf("%s: %s, %v", test[0], got, err)
		}
	}
	for _, word := range all.Refused {
		if got, err := value(word); err == nil {
			t.Errorf("%s: %s, want an error", word, got)
		}
	}
}

// TestRealPings converts what the fixtures have of real pings: those with histograms by definitions of another revision, where
// their own are not there.
func TestRealPings(t *testing.T) {
	text := testkit.ReadFixture(t, "real/histograms/a55c55edf302.Histograms.json")
	schema := storage.DefaultSchema()
	tree, err := storage.OpenWith(testkit.Fixture(t, "real/telemetry"), schema)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	defs, err := histogram.ParseDefinitions(text, histogram.DefinitionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := func(string) (*histogram.Definitions, error) { return defs, nil }
	c := convert.New(schema, convert.Options{Definitions: all})
	converted, refused := 0, 0
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			ping := convert.Ping{Text: rec.Value, Date: file.Dims.Get("submission_date")}
			got, err := c.Convert(ping)
			if e, ok := errors.AsType[*convert.Error](err); ok && e.Category == convert.MissingRevision {
				refused++
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", file.Path, err)
				continue
			}
			converted++
			if got := schema.Path(got.Dims); !strings.HasPrefix(file.Path, strings.TrimSuffix(got, ".v2.log")) {
				t.Errorf("%s: its dimensions are %s", file.Path, got)
			}
		}
	}
	if converted != 11 || refused != 1 { // one of 2013 names no revision
		t.Errorf("%d converted, %d without a revision, want 11 and 1", converted, refused)
	}
}
