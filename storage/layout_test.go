package storage_test

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// layoutSchema returns a schema with these dimensions and this layout.
func layoutSchema(layout, names string) *storage.Schema {
	s := &storage.Schema{Version: 1, Layout: layout}
	for name := range strings.FieldsSeq(names) {
		s.Dimensions = append(s.Dimensions, storage.Dimension{Name: name})
	}
	return s
}

func TestLayoutPath(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct{ layout, path string }{
		{"", "main/30.0a1/my_channel.20140308.v2.log"},
		{"{reason}/{version}/{channel}.{date}", "main/30.0a1/my_channel.20140308.v2.log"},
		{"reason={reason}/version={version}/channel={channel}/date={date}/part", "reason=main/version=30.0a1/channel=my_channel/date=20140308/part.v2.log"},
		{"{date}/v={version}/all-{channel}.r={reason}.json", "20140308/v=30.0a1/all-my_channel.r=main.json.v2.log"},
		{"{date}.{channel}.{reason}.{version}", "20140308.my_channel.main.30_0a1.v2.log"},
	} {
		s := layoutSchema(tt.layout, "reason version channel date")
		values := []string{"main", "30.0a1", "my channel", "20140308"}
		if got := s.Path(values); got != tt.path {
			t.Errorf("%s: Path = %s, want %s", tt.layout, got, tt.path)
		}
		again, err := storage.ParseSchema(s.JSON())
		if err != nil || again.Layout != tt.layout {
			t.Errorf("%s: ParseSchema(JSON()) has the layout %q, %v", tt.layout, again.Layout, err)
		}
		for _, v := range [][]string{values, nil, {"", "..", "a/../b", "nul"}, {long, long + "/", long + "=", long + "."}} {
			checkLayout(t, s, v)
		}
	}
}

// checkLayout checks that the path for values is harmless and keeps them, with what a Writer puts behind it.
func checkLayout(t interface{ Fatalf(string, ...any) }, s *storage.Schema, values []string) {
	p := s.Path(values) + ".0c55f9e61dbb4a0f9a3bb1f0b6e2d7c4.zst"
	if path.Clean(p) != p || !filepath.IsLocal(p) {
		t.Fatalf("%s: Path(%q) = %q", s.Layout, values, p)
	}
	for c := range strings.SplitSeq(p, "/") {
		if len(c) > 255 || c[0] == '.' || c[0] == '-' || strings.HasSuffix(c, ".") || !filepath.IsLocal(c) {
			t.Fatalf("%s: Path(%q) has the component %q", s.Layout, values, c)
		}
	}
	got, err := s.ParsePath(p)
	if err != nil || !slices.Equal(got, s.Clean(values)) {
		t.Fatalf("%s: ParsePath(%q) = %q, %v, want %q", s.Layout, p, got, err, s.Clean(values))
	}
	if again := s.Clean(got); !slices.Equal(again, got) {
		t.Fatalf("%s: Clean(%q) = %q", s.Layout, got, again)
	}
}

// TestLayoutLaw makes layouts at random: each dimension once, in any order, in directories or in the file name.
func TestLayoutLaw(t *testing.T) {
	key := rapid.StringMatching(`([A-Za-z0-9_][A-Za-z0-9_.-]{0,20}=)?`)
	before := rapid.StringMatching(`([A-Za-z0-9_][A-Za-z0-9_.=-]{0,10}[.=-])?`)
	tail := rapid.StringMatching(`(\.[A-Za-z0-9_.=-]{0,10}[a-z])?`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.Permutation([]string{"a", "b", "c", "d"}).Draw(t, "names")
		inName := rapid.IntRange(0, 4).Draw(t, "dimensions in the file name")
		var b strings.Builder
		for _, name := range names[inName:] {
			fmt.Fprintf(&b, "%s{%s}/", key.Draw(t, "key"), name)
		}
		for i, name := range names[:inName] {
			if i > 0 {
				b.WriteByte('.')
			}
			fmt.Fprintf(&b, "%s{%s}", before.Draw(t, "text"), name)
		}
		if inName == 0 {
			b.WriteString("part")
		}
		b.WriteString(tail.Draw(t, "tail"))
		s := layoutSchema(b.String(), "a b c d")
		if _, err := s.MarshalJSON(); err != nil {
			if strings.Contains(err.Error(), "Windows") {
				t.SkipNow()
			}
			t.Fatalf("%v", err)
		}
		checkLayout(t, s, rapid.SliceOfN(rapid.OneOf(text, rapid.SampledFrom([]string{"nul", "..", "a.b", "__HIVE_DEFAULT_PARTITION__"})), 0, 5).Draw(t, "values"))
	})
}

// TestLayoutRefused lists templates that are none.
func TestLayoutRefused(t *testing.T) {
	long := strings.Repeat("x", 51)
	const oneDimension = "a directory is one dimension, {NAME} or KEY={NAME}"
	for _, tt := range []struct{ layout, want string }{
		{"{a}/{c}.{b}", `unknown dimension "c"; the schema has a, b`},
		{"{}/{a}.{b}", `unknown dimension ""; the schema has a, b`},
		{"{a}/{a}.{b}", `the dimension "a" comes twice`},
		{"{a}/part", `the dimension "b" is missing`},
		{"a/b", oneDimension},
		{"/{a}/{b}", "there is nothing before, behind or between slashes"},
		{"{a}//{b}", "there is nothing before, behind or between slashes"},
		{"{a}/{b}/", "there is nothing before, behind or between slashes"},
		{"../{a}/{b}", `"..": a name cannot begin with a dot or -, or end with a dot`},
		{"{a}/../{b}", `"..": a name cannot begin with a dot or -, or end with a dot`},
		{"{a}/./{b}", `".": a name cannot begin with a dot or -, or end with a dot`},
		{".{a}/{b}", `".{a}": a name cannot begin with a dot or -, or end with a dot`},
		{"-{a}/{b}", `"-{a}": a name cannot begin with a dot or -, or end with a dot`},
		{"{a}/{b}.", `"{b}.": a name cannot begin with a dot or -, or end with a dot`},
		{`{a}\{b}`, `"{a}\\{b}": use letters, digits, _ - . = and {DIMENSION}`},
		{"{a}/c:{b}", `"c:{b}": use letters, digits, _ - . = and {DIMENSION}`},
		{"{a}/\x00{b}", `"\x00{b}": use letters, digits, _ - . = and {DIMENSION}`},
		{"{a}/{b", `"{b" has a { without a }`},
		{"{a}/b}", `"b}": use letters, digits, _ - . = and {DIMENSION}`},
		{"{a}{b}/part", oneDimension},
		{"{a}.{b}/part", oneDimension},
		{"x{a}/{b}", oneDimension},
		{"={a}/{b}", oneDimension},
		{"a=b={a}/{b}", oneDimension},
		{"{a}=/{b}", oneDimension},
		{long + "={a}/{b}", `the key "` + long + `" is longer than 50 bytes`},
		{"{a}{b}", "in the file name, text behind a dimension begins with a dot"},
		{"{a}-{b}", "in the file name, text behind a dimension begins with a dot"},
		{"{a}/{b}x", "in the file name, text behind a dimension begins with a dot"},
		{"{a}/nu{b}", `in the file name, "nu" before a dimension: end it with . - or =`},
		{"{a}.x{b}", `in the file name, ".x" before a dimension: end it with . - or =`},
		{"{a}/nul.{b}", `"nul." is a name that Windows keeps for itself`},
		{"a={a}/b={b}/con", `"con" is a name that Windows keeps for itself`},
		{"a={a}/b={b}/_part", `the file name "_part" is too long or begins with _`},
		{"a={a}/b={b}/" + long + long + long + long + long, `the file name "` + long + long + long + long + long + `" is too long or begins with _`},
		{"{a}." + long + long + long + ".{b}", "the file name has too many dimensions or too much text: make some of them directories"},
	} {
		_, err := layoutSchema(tt.layout, "a b").MarshalJSON()
		if want := fmt.Sprintf("layout %q: %s", tt.layout, tt.want); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	_, err := storage.ParseSchema([]byte(`{"dimensions": [{"field_name": "a", "allowed_values": "*"}], "layout": ""}`))
	if want := `1:72: "layout" is empty`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestKeyDirectories walks a store of key=value directories, some made by other systems.
func TestKeyDirectories(t *testing.T) {
	tree, err := storage.Init(t.TempDir(), layoutSchema("app={app}/channel={channel}/part", "app channel"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, p := range []string{
		"app=a/channel=x/part.v2.log.0.zst",
		"app=a/channel=x/part-00000-c000.json",
		"app=a/channel=my%20channel/0",
		"app=a/channel=m%C3%BCnchen%2f%zz%4/0",
		"app=a/channel=__HIVE_DEFAULT_PARTITION__/0",
		"app=a/channel=/0",
		"app=a/channel=a=b/0",
		"app=a/_temporary/0",
		"app=a/x/0",
		"app=a/Channel=x/0",
		"app=a/channel=%0A/0",
		"app=a/channel=x/_SUCCESS",
		"app=a/channel=x/.part.crc",
		"app=a/channel=x/a\tb",
		"app=a\n/channel=x/a",
		"_SUCCESS",
	} {
		writeAt(t, tree.Dir(), p)
	}
	const want = `_SUCCESS: the directory name does not begin with app=
"app=a\n": control characters in the name, or no UTF-8
app=a/Channel=x: the directory name does not begin with channel=
app=a/_temporary: the directory name does not begin with channel=
app=a/channel=%0A: control characters in the name, or no UTF-8
app=a/channel=/0 a/OTHER
app=a/channel=__HIVE_DEFAULT_PARTITION__/0 a/OTHER
app=a/channel=a=b/0 a/a=b
app=a/channel=m%C3%BCnchen%2f%zz%4/0 a/münchen/%zz%4
app=a/channel=my%20channel/0 a/my channel
app=a/channel=x/.part.crc: temporary name
app=a/channel=x/_SUCCESS: name that begins with _
"app=a/channel=x/a\tb": control characters in the name, or no UTF-8
app=a/channel=x/part-00000-c000.json a/x
app=a/channel=x/part.v2.log.0.zst a/x
app=a/x: the directory name does not begin with channel=
`
	var got strings.Builder
	for file, err := range tree.Files(nil) {
		if stray, ok := errors.AsType[*storage.StrayError](err); ok {
			fmt.Fprintf(&got, "%s\n", stray)
		} else if err != nil {
			t.Fatal(err)
		} else {
			fmt.Fprintf(&got, "%s %s\n", file.Path, file.Dims)
		}
	}
	if got := got.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for value, want := range map[string]int{"my channel": 1, "my_channel": 1, "OTHER": 2, "x": 2, "a_b": 1} {
		n := 0
		for _, err := range tree.Files(filter.Filter{"channel": filter.OneOf(value)}) {
			if err == nil {
				n++
			}
		}
		if n != want {
			t.Errorf("channel=%s: %d files, want %d", value, n, want)
		}
	}
}
