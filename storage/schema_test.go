package storage_test

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

func TestDefaultSchema(t *testing.T) {
	s := storage.DefaultSchema()
	var names []string
	for _, d := range s.Dimensions {
		names = append(names, d.Name+":"+d.Type)
	}
	want := []string{"reason:", "appName:", "appUpdateChannel:", "appVersion:version", "appBuildID:date", "submission_date:date"}
	if !slices.Equal(names, want) {
		t.Errorf("dimensions %q, want %q", names, want)
	}
	s.Dimensions[0].Name = "changed"
	if got := storage.DefaultSchema().Dimensions[0].Name; got != "reason" {
		t.Errorf("a caller changed the default schema: %q", got)
	}
}

const smallSchema = `{
  "version": 1,
  "dimensions": [
    {
      "field_name": "app",
      "allowed_values": [
        "a",
        "b-c",
        "<d>"
      ]
    },
    {
      "field_name": "version",
      "allowed_values": {
        "min": "10",
        "max": "20"
      },
      "type": "version"
    },
    {
      "field_name": "date",
      "allowed_values": "*",
      "type": "date"
    }
  ]
}
`

func TestSchemaJSON(t *testing.T) {
	s, err := storage.ParseSchema([]byte(smallSchema))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.JSON()); got != smallSchema {
		t.Errorf("JSON() = %s\nwant %s", got, smallSchema)
	}
	for _, s := range []*storage.Schema{s, storage.DefaultSchema()} {
		text, err := json.Marshal(map[string]*storage.Schema{"schema": s})
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]*storage.Schema
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if got, want := string(doc["schema"].JSON()), string(s.JSON()); got != want {
			t.Errorf("after json.Marshal: %s\nwant %s", got, want)
		}
	}
}

func TestParseSchemaErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"version": 1, "dimensions": []}`, "a schema needs at least one dimension"},
		{`{"dimensions": [{"field_name": "a b", "allowed_values": "*"}]}`, `dimension name "a b": use letters, digits, _ - . and begin with a letter, digit or _`},
		{`{"dimensions": [{"field_name": "../a", "allowed_values": "*"}]}`, `dimension name "../a": use letters, digits, _ - . and begin with a letter, digit or _`},
		{`{"dimensions": [{"field_name": "a"}]}`, `1:35: dimension "a" has no "allowed_values"; write "*" for everything`},
		{`{"dimensions": [{"field_name": "a", "allowed_values": "*", "type": "int"}]}`, `1:68: unknown type "int"; the types are string, number, version, date`},
	} {
		if _, err := storage.ParseSchema([]byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	for _, s := range []*storage.Schema{
		{},
		{Version: 1},
		{Version: 2, Dimensions: []storage.Dimension{{Name: "a"}}},
		{Version: 1, Dimensions: []storage.Dimension{{Name: ""}}},
		{Version: 1, Dimensions: []storage.Dimension{{Name: "a"}, {Name: "a"}}},
		{Version: 1, Dimensions: []storage.Dimension{{Name: "a", Type: "int"}}},
		{Version: 1, Dimensions: []storage.Dimension{{Name: "a", Allowed: filter.OneOf("\xff")}}},
	} {
		if _, err := s.MarshalJSON(); err == nil {
			t.Errorf("MarshalJSON(%v): no error", s)
		}
		if _, err := storage.OpenWith(t.TempDir(), s); err == nil {
			t.Errorf("OpenWith(%v): no error", s)
		}
		if _, err := storage.Init(t.TempDir(), s); err == nil {
			t.Errorf("Init(%v): no error", s)
		}
	}
}

func TestCleanAndPath(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		values []string
		path   string
	}{
		{
			[]string{"saved-session", "Firefox", "nightly", "30.0a1", "20140301030203", "20140308"},
			"saved_session/Firefox/nightly/30.0a1/20140301030203.20140308.v2.log",
		},
		{
			[]string{"saved_session", "firefox", "nightly", "30.0a1", "20140301030203", "20140308", "more"},
			"OTHER/OTHER/nightly/30.0a1/20140301030203.20140308.v2.log",
		},
		{nil, "OTHER/OTHER/OTHER/OTHER/OTHER.OTHER.v2.log"},
		{[]string{"", "Fennec", "beta", ""}, "OTHER/Fennec/beta/OTHER/OTHER.OTHER.v2.log"},
		{
			[]string{"main", "B2G", "beta", "../../../tmp/x", "2014.03.01", ".."},
			"main/B2G/beta/_._.._.._tmp_x/2014_03_01.OTHER.v2.log",
		},
		{[]string{"main", "B2G", "beta", ".28.", ".1.2.", "/"}, "main/B2G/beta/_28_/_1_2_._.v2.log"},
		{[]string{"main", "B2G", "beta", "nul", "nul.1", "con"}, "main/B2G/beta/nul_/nul__1.con_.v2.log"},
		{
			[]string{"main", "B2G", "beta", long, long, "é"},
			"main/B2G/beta/" + long + "/" + long[:63] + "_09ecb6ebc8bcefc7._.v2.log",
		},
	} {
		s := storage.DefaultSchema()
		if got := s.Path(tt.values); got != tt.path {
			t.Errorf("Path(%q) =\n %s, want\n %s", tt.values, got, tt.path)
		}
		checkPath(t, s, tt.values)
	}
}

// checkPath checks that the path for values is harmless, and that ParsePath is the inverse.
func checkPath(t interface{ Fatalf(string, ...any) }, s *storage.Schema, values []string) {
	p := s.Path(values)
	parts := strings.Split(p, "/")
	if want := max(1, len(s.Dimensions)-1); len(parts) != want {
		t.Fatalf("Path(%q) = %q: %d parts, want %d", values, p, len(parts), want)
	}
	for _, part := range parts {
		checkComponent(t, part, 200)
	}
	if path.Clean(p) != p {
		t.Fatalf("Path(%q) = %q, which cleans to %q", values, p, path.Clean(p))
	}
	for _, suffix := range []string{"", ".0123456789abcdef0123456789abcdef.zst", ".compressed", ".a..b"} {
		got, err := s.ParsePath(p + suffix)
		if err != nil || !slices.Equal(got, s.Clean(values)) {
			t.Fatalf("ParsePath(%q) = %q, %v, want %q", p+suffix, got, err, s.Clean(values))
		}
	}
}

// TestPathLaw checks paths for schemas with any number of dimensions.
func TestPathLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &storage.Schema{Version: 1}
		for i := range rapid.IntRange(1, 5).Draw(t, "dimensions") {
			d := storage.Dimension{Name: string(rune('a' + i))}
			if rapid.Bool().Draw(t, "list") {
				d.Allowed = filter.OneOf("", "a", "b/c", "..")
			}
			s.Dimensions = append(s.Dimensions, d)
		}
		checkPath(t, s, rapid.SliceOfN(text, 0, 6).Draw(t, "values"))
	})
}

func TestParsePath(t *testing.T) {
	s := storage.DefaultSchema()
	for _, tt := range []struct{ path, want string }{
		{"a/b/c/d/e.f.log", "a b c d e f"},
		{"a/b/c/d/e.f.v2.log.0123.lzma", "a b c d e f"},
		{"saved-session/b/c/28.0/e.f.000.log", "saved-session b c 28.0 e f"},
		{"a/b/c/d/e.f.g", "a b c d e f"},
		{"a/b/c/d/e.f.log.1.123456.compressme", "a b c d e f"},
	} {
		got, err := s.ParsePath(tt.path)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("ParsePath(%q) = %q, %v, want %q", tt.path, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ path, reason string }{
		{"", "wrong depth"},
		{"e.f.log", "wrong depth"},
		{"a/b/c/e.f.log", "wrong depth"},
		{"a/b/c/d/e/f.g.log", "wrong depth"},
		{"/a/b/c/d/e.f.log", "wrong depth"},
		{"/b/c/d/e.f.log", "empty directory name"},
		{"a//c/d/e.f.log", "empty directory name"},
		{"a/../c/d/e.f.log", "temporary name"},
		{"a/./c/d/e.f.log", "temporary name"},
		{"a/b/c/d/", "temporary name"},
		{"a/b/c/d/README", "too few parts"},
		{"a/b/c/d/README.txt", "too few parts"},
		{"a/b/c/d/e.f.", "too few parts"},
		{"a/b/c/d/e..f.log", "empty part"},
		{"a/b/c/d/.e.f.log", "temporary name"},
		{"a/b/c/d/e.f.log~", "temporary name"},
		{"a/b/c/d/e.f.log.tmp", "temporary name"},
		{"a/b/c/d/e.f.log.part", "temporary name"},
		{"a/b/c/d/e.f.log.swp", "temporary name"},
		{"a/b/c/d/e.f.log.1.2.compressme.compressing", "temporary name"},
	} {
		got, err := s.ParsePath(tt.path)
		stray, ok := errors.AsType[*storage.StrayError](err)
		if !ok || stray.Path != tt.path || !strings.Contains(stray.Reason, tt.reason) {
			t.Errorf("ParsePath(%q) = %q, %v, want %s", tt.path, got, err, tt.reason)
		}
	}
}

func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(smallSchema), "a/b.c.log")
	f.Add(storage.DefaultSchema().JSON(), "a/b/c/d/e.f.v2.log.zst")
	f.Add([]byte(`{"dimensions": [{"field_name": "a", "allowed_values": {"max": "x"}}]}`), "a.log")
	f.Add([]byte(`{"dimensions": [{"field_name": "a", "allowed_values": "*"}, {"field_name": "b", "allowed_values": "*"}], "layout": "k={b}/x.{a}.y"}`), "k=%41/x.a.y")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		s, err := storage.ParseSchema(data)
		if err != nil {
			return
		}
		text := s.JSON()
		again, err := storage.ParseSchema(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got := again.JSON(); string(got) != string(text) {
			t.Fatalf("%s became %s", text, got)
		}
		if s.Layout == "" {
			checkPath(t, s, strings.Split(path, "/"))
		}
		checkLayout(t, s, strings.Split(path, "/"))
		if values, err := s.ParsePath(path); err == nil && len(values) != len(s.Dimensions) {
			t.Fatalf("ParsePath(%q) = %q for %d dimensions", path, values, len(s.Dimensions))
		}
	})
}
