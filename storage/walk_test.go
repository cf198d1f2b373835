package storage_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

var walkPaths = []string{
	"OTHER/Fennec/beta/28.0/20140101.20140102.v2.log.a.zst",
	"main/Fennec/beta/28.0/20140101.20140102.v2.log.a.zst",
	"main/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst",
	"main/Firefox/nightly/28.0/20140101.20140102.v2.log.b.zst",
	"main/Firefox/nightly/28.0/20140101.20140103.v2.log.a.zst",
	"main/Firefox/nightly/28.0/20140201.20140203.v2.log.a.zst",
	"main/Firefox/nightly/28.0a1/20140101.20140102.v2.log.a.zst",
	"main/Firefox/nightly/9.0/20140101.20140102.v2.log.a.zst",
	"saved_session/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst",
}

// TestPrune lists, for a filter, the directories that are read (+), those passed over (-), and the files.
func TestPrune(t *testing.T) {
	const everything = `
+
+OTHER/
+OTHER/Fennec/
+OTHER/Fennec/beta/
+OTHER/Fennec/beta/28.0/
OTHER/Fennec/beta/28.0/20140101.20140102.v2.log.a.zst
+main/
+main/Fennec/
+main/Fennec/beta/
+main/Fennec/beta/28.0/
main/Fennec/beta/28.0/20140101.20140102.v2.log.a.zst
+main/Firefox/
+main/Firefox/nightly/
+main/Firefox/nightly/28.0/
main/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst
main/Firefox/nightly/28.0/20140101.20140102.v2.log.b.zst
main/Firefox/nightly/28.0/20140101.20140103.v2.log.a.zst
main/Firefox/nightly/28.0/20140201.20140203.v2.log.a.zst
+main/Firefox/nightly/28.0a1/
main/Firefox/nightly/28.0a1/20140101.20140102.v2.log.a.zst
+main/Firefox/nightly/9.0/
main/Firefox/nightly/9.0/20140101.20140102.v2.log.a.zst
+saved_session/
+saved_session/Firefox/
+saved_session/Firefox/nightly/
+saved_session/Firefox/nightly/28.0/
saved_session/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst
`
	for _, tt := range []struct {
		name string
		f    filter.Filter
		want string
	}{
		{"nil filter", nil, everything},
		{"all", filter.Filter{"reason": filter.All(), "submission_date": filter.All()}, everything},
		{"a list on the first level, cleaned", filter.Filter{"reason": filter.OneOf("saved-session", "none")}, `
+
-OTHER/
-main/
+saved_session/
+saved_session/Firefox/
+saved_session/Firefox/nightly/
+saved_session/Firefox/nightly/28.0/
saved_session/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst
`},
		{"a range in the middle", filter.Filter{"reason": filter.OneOf("main"), "appName": filter.Range("Fi", "", true, false), "appUpdateChannel": filter.All()}, `
+
-OTHER/
-saved_session/
+main/
-main/Fennec/
+main/Firefox/
+main/Firefox/nightly/
+main/Firefox/nightly/28.0/
main/Firefox/nightly/28.0/20140101.20140102.v2.log.a.zst
main/Firefox/nightly/28.0/20140101.20140102.v2.log.b.zst
main/Firefox/nightly/28.0/20140101.20140103.v2.log.a.zst
main/Firefox/nightly/28.0/20140201.20140203.v2.log.a.zst
+main/Firefox/nightly/28.0a1/
main/Firefox/nightly/28.0a1/20140101.20140102.v2.log.a.zst
+main/Firefox/nightly/9.0/
main/Firefox/nightly/9.0/20140101.20140102.v2.log.a.zst
`},
		{"the last directory and the name", filter.Filter{
			"reason": filter.OneOf("main"), "appName": filter.OneOf("Firefox"), "appVersion": filter.OneOf("28.0"),
			"appBuildID": filter.Range("", "20140131", false, true), "submission_date": filter.OneOf("20140103", "20140203"),
		}, `
+
-OTHER/
-saved_session/
+main/
-main/Fennec/
+main/Firefox/
+main/Firefox/nightly/
-main/Firefox/nightly/28.0a1/
-main/Firefox/nightly/9.0/
+main/Firefox/nightly/28.0/
main/Firefox/nightly/28.0/20140101.20140103.v2.log.a.zst
`},
		{"nothing below the root", filter.Filter{"reason": filter.OneOf("none")}, `
+
-OTHER/
-main/
-saved_session/
`},
		{"no value of a name: nothing is read", filter.Filter{"submission_date": filter.OneOf()}, ``},
		{"a range the wrong way round: nothing is read", filter.Filter{"appVersion": filter.Range("9", "28", true, true)}, ``},
	} {
		tree := storeOf(t, walkPaths...)
		var got []string
		w := tree.Walk(tt.f)
		w.OnDir = func(dir string, read bool) {
			if read {
				got = append(got, "+"+dir)
			} else {
				got = append(got, "-"+dir)
			}
		}
		for f, err := range w.Files() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Path)
		}
		if got, want := strings.Join(got, "\n"), strings.TrimSpace(tt.want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, want)
		}
	}
}

// TestStray lists a store that holds all that is not a file of it.
func TestStray(t *testing.T) {
	tree := storeOf(t,
		"main/Firefox/nightly/28.0/1.2.v2.log",
		"main/Firefox/nightly/28.0/1.3.v2.log",
		"README",
		"main/notes.txt",
		"main/Firefox/nightly/.1.2.v2.log.0123.tmp",
		".hidden/a",
		"main/Firefox/nightly/28.0/.1.2.v2.log.0123.tmp",
		"main/Firefox/nightly/28.0/1.2.v2.log~",
		"main/Firefox/nightly/28.0/1.2.v2.log.part",
		"main/Firefox/nightly/28.0/README.txt",
		"main/Firefox/nightly/28.0/dir.with.dots/1.2.v2.log",
		"main/Firefox/nightly/28.0/dir/1.2.v2.log",
	)
	at := func(path string) string { return filepath.Join(tree.Dir(), filepath.FromSlash(path)) }
	links := map[string]string{
		"main/Firefox/nightly/28.0/1.4.v2.log": at("main/Firefox/nightly/28.0/1.3.v2.log"),
		"main/Firefox/nightly/28.0/1.5.v2.log": "1.3.v2.log",
		"main/Firefox/nightly/29.0":            "28.0",
		"out":                                  t.TempDir(),
		"loop":                                 ".",
	}
	for name, to := range links {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Skip(err)
		}
	}
	socket, err := net.Listen("unix", at("main/Firefox/s"))
	if err != nil {
		t.Skip(err)
	}
	defer socket.Close()
	want := `
.hidden: temporary name
README: wrong depth: a file where directories are expected
loop: symbolic link
main/Firefox/nightly/.1.2.v2.log.0123.tmp: temporary name
main/Firefox/nightly/28.0/.1.2.v2.log.0123.tmp: temporary name
main/Firefox/nightly/28.0/1.2.v2.log
main/Firefox/nightly/28.0/1.2.v2.log.part: temporary name
main/Firefox/nightly/28.0/1.2.v2.log~: temporary name
main/Firefox/nightly/28.0/1.3.v2.log
main/Firefox/nightly/28.0/1.4.v2.log: symbolic link
main/Firefox/nightly/28.0/1.5.v2.log: symbolic link
main/Firefox/nightly/28.0/README.txt: too few parts between dots in the file name
main/Firefox/nightly/28.0/dir: wrong depth: a directory where files are expected
main/Firefox/nightly/28.0/dir.with.dots: wrong depth: a directory where files are expected
main/Firefox/nightly/29.0: symbolic link
main/Firefox/s: not a regular file
main/notes.txt: wrong depth: a file where directories are expected
out: symbolic link
`
	if got := listTree(t, tree, nil); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
	// Each of these items may be the last that a caller takes.
	for n := range strings.Count(want, "\n") - 1 {
		i := 0
		for range tree.Files(nil) {
			if i == n {
				break
			}
			i++
		}
	}
}

// TestWalkEnds checks that what cannot be read ends the walk with an error that names it.
func TestWalkEnds(t *testing.T) {
	tree := storeOf(t, walkPaths...)
	lost := filepath.Join(tree.Dir(), "main", "Firefox", "nightly", "28.0a1")
	w := tree.Walk(nil)
	w.OnDir = func(dir string, _ bool) {
		if dir == "main/Firefox/nightly/28.0a1/" {
			if err := os.RemoveAll(lost); err != nil {
				t.Fatal(err)
			}
		}
	}
	n, last := 0, error(nil)
	for _, err := range w.Files() {
		if last = err; err == nil {
			n++
		}
	}
	if n != 6 || !errors.Is(last, fs.ErrNotExist) || !strings.Contains(last.Error(), lost) {
		t.Errorf("%d files and the error %v, want 6 and one about %s", n, last, lost)
	}
}

// TestVanished removes a file between the reading of its directory and that of the file.
func TestVanished(t *testing.T) {
	tree := storeOf(t, "a/b/c/d/1.1.log", "a/b/c/d/2.1.log")
	lost := filepath.Join(tree.Dir(), "a", "b", "c", "d", "2.1.log")
	n, last := 0, error(nil)
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			if err := os.Remove(lost); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range file.Records() {
			last = err
		}
	}
	if n != 2 || !errors.Is(last, fs.ErrNotExist) || !strings.Contains(last.Error(), lost) {
		t.Errorf("%d files and the error %v, want 2 and one about %s", n, last, lost)
	}
}

// TestUncleanTree has directories that another program named as it liked: filter and path are compared cleaned, and
// the dimensions keep the names.
func TestUncleanTree(t *testing.T) {
	tree := storeOf(t, "saved-session/Firefox/my channel/28.0/2014-01-01.20140102.log")
	for _, f := range []filter.Filter{
		{"reason": filter.OneOf("saved-session"), "appUpdateChannel": filter.OneOf("my channel")},
		{"reason": filter.OneOf("saved_session"), "appBuildID": filter.OneOf("2014-01-01")},
		{"appBuildID": filter.Range("2014-01-01", "2014-01-01", true, true)},
	} {
		n := 0
		for file, err := range tree.Files(f) {
			if err != nil {
				t.Fatal(err)
			}
			if got := file.Dims.Get("appUpdateChannel"); got != "my channel" {
				t.Errorf("channel %q", got)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%v: %d files, want 1", f, n)
		}
	}
}

// TestSmallSchemas walks stores whose dimensions are all in the file name.
func TestSmallSchemas(t *testing.T) {
	for _, tt := range []struct{ names, paths, want string }{
		{"date", "20140101.v2.log 20140102.v2.log sub/x", "20140102.v2.log\nsub: wrong depth: a directory where files are expected\n"},
		{"app date", "a.20140102.v2.log a.20140103.v2.log", "a.20140102.v2.log\n"},
		{"reason app date", "r/a.20140102.v2.log a.20140103.v2.log", "a.20140103.v2.log: wrong depth: a file where directories are expected\nr/a.20140102.v2.log\n"},
	} {
		s := &storage.Schema{Version: 1}
		for name := range strings.FieldsSeq(tt.names) {
			s.Dimensions = append(s.Dimensions, storage.Dimension{Name: name})
		}
		tree, err := storage.Init(t.TempDir(), s)
		if err != nil {
			t.Fatal(err)
		}
		for path := range strings.FieldsSeq(tt.paths) {
			writeAt(t, tree.Dir(), path)
		}
		if got := listTree(t, tree, filter.Filter{"date": filter.OneOf("20140102")}); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.names, got, tt.want)
		}
		tree.Close()
	}
}

// TestWalkLaw compares Files with a walk without a filter, sorted and selected afterwards.
func TestWalkLaw(t *testing.T) {
	s := &storage.Schema{Version: 1, Dimensions: []storage.Dimension{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}}
	words := []string{"a", "a.b", "a_b", "a.", "b", "a-b", "..", "A", "10", "9"}
	word := rapid.SampledFrom(words)
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "store")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		all := map[string][]string{}
		for range rapid.IntRange(0, 12).Draw(t, "files") {
			values := []string{word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c"), word.Draw(t, "d")}
			path := s.Path(values)
			all[path] = s.Clean(values)
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, path), []byte(path), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		// Values of the filter are such that cleaning keeps them as they are, in directories and in names.
		clean := []string{"a", "a_b", "b", "OTHER", "A", "10", "9"}
		f := filter.Filter{}
		for _, d := range s.Dimensions {
			switch rapid.IntRange(0, 3).Draw(t, d.Name) {
			case 0:
				f[d.Name] = filter.OneOf(rapid.SliceOf(rapid.SampledFrom(clean)).Draw(t, "list")...)
			case 1:
				f[d.Name] = filter.Range(rapid.SampledFrom(clean).Draw(t, "min"), rapid.SampledFrom(clean).Draw(t, "max"), true, rapid.Bool().Draw(t, "hasMax"))
			}
		}
		var want []string
		for path, values := range all {
			selected := true
			for i, d := range s.Dimensions {
				selected = selected && f.Match(d.Name, values[i])
			}
			if selected {
				want = append(want, path)
			}
		}
		slices.Sort(want)

		tree, err := storage.OpenWith(dir, s)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		var got []string
		for file, err := range tree.Files(f) {
			if err != nil {
				t.Fatal(err)
			}
			if file.Size != int64(len(file.Path)) {
				t.Fatalf("%s: size %d, want %d", file.Path, file.Size, len(file.Path))
			}
			if got, want := file.Dims.String(), strings.Join(all[file.Path], "/"); got != want {
				t.Fatalf("%s: dimensions %s, want %s", file.Path, got, want)
			}
			got = append(got, file.Path)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v: got\n%q\nwant\n%q", f, got, want)
		}
	})
}
