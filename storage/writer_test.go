package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// stored returns the records of a store as PATH KEY=VALUE, with what is unique in a path left out.
func stored(t *testing.T, tree *storage.Tree) (records []string, files int) {
	t.Helper()
	for file, err := range tree.Files(nil) {
		if _, ok := errors.AsType[*storage.StrayError](err); ok {
			continue // being written
		}
		if err != nil {
			t.Fatal(err)
		}
		files++
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, fmt.Sprintf("%s %s=%s", rec.Dims, rec.Key, rec.Value))
		}
	}
	slices.Sort(records)
	return records, files
}

func newStore(t *testing.T) *storage.Tree {
	t.Helper()
	tree, err := storage.Init(filepath.Join(t.TempDir(), "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

func TestWriter(t *testing.T) {
	tree := newStore(t)
	w := storage.NewWriter(tree, storage.WriterOptions{})
	add := func(values, key, value string) {
		t.Helper()
		if err := w.Append(strings.Split(values, "/"), []byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	add("saved-session/Firefox/nightly/30.0a1/20140301/20140302", "a", `{"x":1}`)
	add("main/Firefox/odd/1.0/1.2/..", "b", "{\"x\":\r\n2}")
	add("saved-session/Firefox/nightly/30.0a1/20140301/20140302", "c", "{}\xff")
	if _, files := stored(t, tree); files != 0 {
		t.Errorf("%d files before Commit", files)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	add("saved-session/Firefox/nightly/30.0a1/20140301/20140302", "d", "{}")
	if err := w.Append(nil, []byte("a\tb"), nil); err == nil {
		t.Error("a key with a TAB: no error")
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	add("saved-session/Firefox/nightly/30.0a1/20140301/20140302", "lost", "{}")
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err == nil {
		t.Error("Commit after Close: no error")
	}
	got, files := stored(t, tree)
	odd := strings.Join(tree.Schema().Clean([]string{"main", "Firefox", "odd", "1.0", "1.2", ".."}), "/")
	want := []string{
		odd + " b={\"x\":  2}",
		"saved_session/Firefox/nightly/30.0a1/20140301/20140302 a={\"x\":1}",
		"saved_session/Firefox/nightly/30.0a1/20140301/20140302 c={}\xff",
		"saved_session/Firefox/nightly/30.0a1/20140301/20140302 d={}",
	}
	if !slices.Equal(got, want) || files != 3 {
		t.Errorf("%d files: %q, want 3: %q", files, got, want)
	}
	checkNothingHidden(t, tree)
}

func checkNothingHidden(t *testing.T, tree *storage.Tree) {
	t.Helper()
	err := filepath.WalkDir(tree.Dir(), func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWriterLimits spreads records over more files than may be open, and over files of a limited size.
func TestWriterLimits(t *testing.T) {
	tree := newStore(t)
	w := storage.NewWriter(tree, storage.WriterOptions{
		MaxOpenFiles: 3, MaxFileBytes: 200 << 10, Unique: func(n int) string { return fmt.Sprintf("n%d", n) },
	})
	defer w.Close()
	lines := strings.SplitAfter(string(pings(4<<20)), "\n")
	var want []string
	for i, line := range lines[:len(lines)-1] {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		date := fmt.Sprint(20140300 + i%5*(i/100%2)) // now one date, now five in turn
		if err := w.Append([]string{"main", "Firefox", "beta", "1", "2", date}, []byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("main/Firefox/beta/1/2/%s %s=%s", date, key, value))
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	got, files := stored(t, tree)
	if !slices.Equal(got, want) || files < 20 {
		t.Errorf("%d records in %d files, want %d", len(got), files, len(want))
	}
	checkNothingHidden(t, tree)
	if name := filepath.Join(tree.Dir(), "main/Firefox/beta/1/2.20140300.v2.log.n0.zst"); !exists(name) {
		t.Errorf("there is no %s", name)
	}
	// Another Writer with the same names must not replace files.
	other := storage.NewWriter(tree, storage.WriterOptions{Unique: func(int) string { return "n0" }})
	defer other.Close()
	if err := other.Append([]string{"main", "Firefox", "beta", "1", "2", "20140300"}, nil, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	bad := storage.NewWriter(tree, storage.WriterOptions{Unique: func(int) string { return "../x" }})
	defer bad.Close()
	if err := bad.Append([]string{"main"}, nil, nil); err == nil {
		t.Error("a unique part with a slash: no error")
	}
	long := storage.NewWriter(tree, storage.WriterOptions{Unique: func(int) string { return strings.Repeat("x", 300) }})
	defer long.Close()
	if err := long.Append([]string{"main"}, nil, nil); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("a file name that is too long: %v", err)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestPrepare writes in two halves, with a crash between them, and with little memory.
func TestPrepare(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	tree, err := storage.Init(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if err := os.MkdirAll(filepath.Join(store, ".stage"), 0o777); err != nil {
		t.Fatal(err)
	}
	w := storage.NewWriter(tree, storage.WriterOptions{
		Stage: ".stage", MaxBuffer: 100_000, Unique: func(n int) string { return fmt.Sprintf("n%d", n) },
	})
	defer w.Close()
	value := []byte(`{"x":"` + strings.Repeat("x", 1000) + `"}`)
	const perFile = 300
	for i := range 4 * perFile {
		if err := w.Append([]string{"main", "Firefox", "beta", "28.0", fmt.Sprint(i % 4), "20140102"}, []byte(fmt.Sprint(i)), value); err != nil {
			t.Fatal(err)
		}
	}
	moves, err := w.Prepare()
	if err != nil || len(moves) != 4 {
		t.Fatalf("Prepare: %v, %v", moves, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if records, files := stored(t, tree); files > 0 {
		t.Fatalf("%d files before Place: %q", files, records)
	}
	if err := tree.Place(moves[:2]); err != nil {
		t.Fatal(err)
	}
	if err := tree.Place(moves); err != nil { // once more
		t.Fatal(err)
	}
	if err := tree.Place([]storage.Move{{From: ".stage/none", To: "main/none"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Place of a file that is not there: %v", err)
	}
	files := 0
	for file, err := range tree.Files(nil) {
		if _, stray := errors.AsType[*storage.StrayError](err); stray {
			continue // .stage
		}
		if err != nil {
			t.Fatal(err)
		}
		records := 0
		for rec, err := range file.Records() {
			if err != nil || !bytes.Equal(rec.Value, value) {
				t.Fatalf("%s: %.20q, %v", file.Path, rec.Value, err)
			}
			records++
		}
		if records != perFile {
			t.Errorf("%s: %d records, want %d", file.Path, records, perFile)
		}
		files++
	}
	if files != 4 {
		t.Errorf("%d files, want 4", files)
	}
}
