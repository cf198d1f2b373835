package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

func TestInit(t *testing.T) {
	s, err := storage.ParseSchema([]byte(smallSchema))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "store")
	tree, err := storage.Init(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if got := tree.Dir(); got != dir {
		t.Errorf("Dir() = %q, want %q", got, dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "schema.json"))
	if err != nil || string(data) != smallSchema {
		t.Errorf("schema.json is %s, %v", data, err)
	}
	again, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := string(again.Schema().JSON()); got != smallSchema {
		t.Errorf("Schema() after Open is %s", got)
	}
	if _, err := storage.Init(dir, s); err == nil || !strings.Contains(err.Error(), "is a store already") {
		t.Errorf("Init of a store: %v", err)
	}
}

func TestInitRefuses(t *testing.T) {
	dir := t.TempDir()
	writeAt(t, dir, "notes.txt")
	if _, err := storage.Init(dir, nil); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("Init of a directory with a file: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "schema.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Init left a schema in it: %v", err)
	}
	if _, err := storage.Init(filepath.Join(dir, "notes.txt"), nil); err == nil {
		t.Error("Init of a file: no error")
	}
}

// TestInitAfterKill finds what an Init that was killed left behind.
func TestInitAfterKill(t *testing.T) {
	dir := t.TempDir()
	writeAt(t, dir, ".schema.json.0123456789abcdef.tmp")
	tree, err := storage.Init(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if got := listTree(t, tree, nil); got != "" {
		t.Errorf("an empty store has\n%s", got)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	writeAt(t, dir, "file")
	for _, tt := range []struct{ schema, want string }{
		{"{\n", dir + "/schema.json:2:1: not JSON: unexpected end of JSON input"},
		{`{"dimensions": []}`, dir + "/schema.json: a schema needs at least one dimension"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "schema.json"), []byte(tt.schema), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.Open(dir); err == nil || err.Error() != "opening the store: "+filepath.FromSlash(tt.want) {
			t.Errorf("Open with the schema %q: %v, want %s", tt.schema, err, tt.want)
		}
		tree, err := storage.OpenWith(dir, storage.DefaultSchema())
		if err != nil {
			t.Errorf("OpenWith another schema: %v", err)
			continue
		}
		tree.Close()
	}
	for _, name := range []string{"absent", "file"} {
		path := filepath.Join(dir, name)
		if _, err := storage.Open(path); err == nil || !strings.Contains(err.Error(), path+": ") {
			t.Errorf("Open(%q): %v", path, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "schema.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "schema.json"), filepath.Join(dir, "schema.json")); err != nil {
		t.Skip(err)
	}
	if _, err := storage.Open(dir); err == nil {
		t.Error("Open followed a schema.json that leads out of the store")
	}
}

// TestTreeFile checks that a file by its path is the file of the walk, and that a path cannot name anything else.
func TestTreeFile(t *testing.T) {
	tree := storeOf(t, "main/Firefox/nightly/30.0/20140301.20140302.v2.log")
	for want, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := tree.File(want.Path, want.Size)
		if err != nil {
			t.Fatal(err)
		}
		if got.Path != want.Path || got.Size != want.Size || got.Dims.String() != want.Dims.String() ||
			got.Dims.Get("appBuildID") != "20140301" {
			t.Errorf("File(%q) = %v, want %v", want.Path, got, want)
		}
		if _, err := storage.OpenFile(filepath.Join(tree.Dir(), filepath.FromSlash(got.Path))); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"", "schema.json", "../a/b/c/d.e.log", "a/b/../c/d.e.log", "/a/b/c/d/e.f.log", "a/b/c/d/.e.f.log"} {
		if f, err := tree.File(path, 0); err == nil {
			t.Errorf("File(%q) = %v, want an error", path, f)
		} else if _, ok := errors.AsType[*storage.StrayError](err); !ok {
			t.Errorf("File(%q): error %T, want *StrayError", path, err)
		}
	}
}

// TestFileOpen opens files of one directory in turn, and after changes to it, through whatever is kept open.
func TestFileOpen(t *testing.T) {
	paths := []string{"a/b/c/d/1.1.log", "a/b/c/d/2.1.log", "a/b/c/d/3.1.log", "a/b/c/e/1.1.log", "a/b/c/d/4.1.log"}
	tree := storeOf(t, paths...)
	count := func(path string) (n int, err error) {
		f, err := tree.File(path, 1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.Open(storage.ReadOptions{})
		if err != nil {
			return 0, err
		}
		defer r.Close()
		for _, err := range r.Records() {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	for range 2 {
		for _, path := range paths {
			if n, err := count(path); n != 1 || err != nil {
				t.Errorf("%s: %d records, %v", path, n, err)
			}
		}
	}
	absent := "a/b/c/d/9.1.log"
	for range 3 {
		_, err := count(absent)
		if full := filepath.Join(tree.Dir(), filepath.FromSlash(absent)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), full) {
			t.Errorf("%s: %v", absent, err)
		}
		if _, err := count(paths[0]); err != nil {
			t.Error(err)
		}
	}
	// Another directory under the same name.
	if _, err := count(paths[1]); err != nil {
		t.Fatal(err)
	}
	d := filepath.Join(tree.Dir(), "a", "b", "c", "d")
	if err := os.Rename(d, d+"old"); err != nil {
		t.Fatal(err)
	}
	writeAt(t, tree.Dir(), absent)
	if n, err := count(absent); n != 1 || err != nil {
		t.Errorf("%s: %d records, %v", absent, n, err)
	}
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := count(absent); err == nil {
			t.Error("a file of a closed tree opens")
		}
	}
	if _, err := (storage.File{Path: absent}).Open(storage.ReadOptions{}); err == nil {
		t.Error("a file of no tree opens")
	}
}

// TestUnknownDimension checks that a filter for another store is the first and only item.
func TestUnknownDimension(t *testing.T) {
	tree := storeOf(t, "main/Firefox/nightly/30.0/20140301.20140302.v2.log")
	var errs []error
	for _, err := range tree.Files(filter.Filter{"appName": filter.OneOf("Firefox"), "AppName": filter.All()}) {
		errs = append(errs, err)
	}
	want := `unknown dimension "AppName" in the filter; the store has reason, appName, appUpdateChannel, appVersion, appBuildID, submission_date`
	if len(errs) != 1 || errs[0] == nil || errs[0].Error() != want {
		t.Errorf("got %v, want %s", errs, want)
	}
}

// writeAt makes a file with one record, and its directories.
func writeAt(tb testing.TB, dir, path string) {
	tb.Helper()
	name := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("k\t{}\n"), 0o666); err != nil {
		tb.Fatal(err)
	}
}

// storeOf returns a tree with files at these paths and the default schema.
func storeOf(tb testing.TB, paths ...string) *storage.Tree {
	tb.Helper()
	dir := tb.TempDir()
	for _, p := range paths {
		writeAt(tb, dir, p)
	}
	tree, err := storage.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { tree.Close() })
	return tree
}

// listTree returns what Files gives, a line each: the path, or the message of a *StrayError.
func listTree(tb testing.TB, tree *storage.Tree, f filter.Filter) string {
	tb.Helper()
	var b strings.Builder
	for file, err := range tree.Files(f) {
		switch _, stray := errors.AsType[*storage.StrayError](err); {
		case stray:
			b.WriteString(err.Error() + "\n")
		case err != nil:
			tb.Fatal(err)
		default:
			b.WriteString(file.Path + "\n")
		}
	}
	return b.String()
}
