package convert_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

func TestParsePath(t *testing.T) {
	const uuid = "17caa68c-25f5-450a-9cce-7d31318846d8"
	for _, test := range []struct {
		path string
		id   string
		dims string
		want convert.Category
	}{
		{path: uuid + "/saved-session/Firefox/30.0a1/nightly/20140301", id: uuid, dims: "saved-session Firefox 30.0a1 nightly 20140301"},
		{path: "x/a%2Fb/c%20/%zz//" + "\xff", id: "x", dims: "a/b c  %zz  " + "\xff"},
		{path: "\xff/a/b/c/d/e", id: "\ufffd", dims: "a b c d e"},
		{path: uuid, want: convert.UUIDOnlyPath},
		{path: strings.ToUpper(uuid), want: convert.InvalidPath},
		{path: strings.Replace(uuid, "c", "g", 1), want: convert.InvalidPath},
		{path: "", want: convert.InvalidPath},
		{path: "/a/b/c/d/e", want: convert.InvalidPath},
		{path: "a/b/c/d/e", want: convert.InvalidPath},
		{path: "x/a/b/c/d/e/", want: convert.InvalidPath},
		{path: "x\ty/a/b/c/d/e", want: convert.InvalidPath},
		{path: strings.Repeat("x", 2000) + "/a/b/c/d/e", want: convert.InvalidPath},
	} {
		p, err := convert.ParsePath([]byte(test.path))
		if refused, ok := errors.AsType[*convert.Error](err); ok {
			if refused.Category != test.want {
				t.Errorf("%.60q: %v, want %q", test.path, err, test.want)
			}
			continue
		}
		if test.want != "" || string(p.ID) != test.id || strings.Join(p.Dims[:], " ") != test.dims {
			t.Errorf("%.60q: %q, want %q %q %s", test.path, p, test.id, test.dims, test.want)
		}
	}
}

// FuzzPath looks for a path that makes a key which is none, or a file that is not in the store.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"id/saved-session/Firefox/30.0a1/nightly/20140301", "../../../../../x", "x/..%2f../%00/%2e/CON/schema.json", "\x00/\n/\t/\\/é/\xff"} {
		f.Add([]byte(path))
	}
	schema, err := storage.ParseSchema([]byte(`{"version":1,"dimensions":[{"field_name":"appName","allowed_values":"*"},{"field_name":"reason","allowed_values":"*"},` +
		`{"field_name":"appVersion","allowed_values":"*"},{"field_name":"appUpdateChannel","allowed_values":"*"},{"field_name":"appBuildID","allowed_values":"*"}]}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		p, err := convert.ParsePath(path)
		if err != nil {
			return
		}
		if len(p.ID) == 0 || !utf8.Valid(p.ID) || bytes.ContainsAny(p.ID, "\t\r\n/") {
			t.Fatalf("the id of %q is %q", path, p.ID)
		}
		name := schema.Path(p.Dims[:])
		if !filepath.IsLocal(name) || strings.Contains("/"+name, "/.") || strings.Count(name, "/") != 3 {
			t.Fatalf("the file of %q is %q", path, name)
		}
		values, err := schema.ParsePath(name)
		if err != nil || !slices.Equal(values, schema.Clean(p.Dims[:])) {
			t.Fatalf("%q: %q, %v", name, values, err)
		}
	})
}
