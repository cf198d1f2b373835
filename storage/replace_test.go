package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

const replaceDir = "a/b/c/d"

// replaceStore is a store with three files, and two that shall take the place of the first two and of the third.
func replaceStore(t *testing.T) (*storage.Tree, []storage.Replacement) {
	t.Helper()
	tree := storeOf(t, "a/b/c/d/1.1.x.log", "a/b/c/d/1.1.y.log", "a/b/c/d/2.1.log", "a/b/c/d/3.1.log")
	stage := filepath.Join(tree.Dir(), storage.StateDir, "stage")
	if err := os.MkdirAll(stage, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1", "2"} {
		if err := os.WriteFile(filepath.Join(stage, name), []byte("k\tv\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return tree, []storage.Replacement{
		{From: ".ingest/stage/1", To: "1.1.new.log", Old: []string{"1.1.x.log", "1.1.y.log"}},
		{From: ".ingest/stage/2", To: "2.1.new.log", Old: []string{"2.1.log"}},
	}
}

func listed(t *testing.T, tree *storage.Tree) string {
	t.Helper()
	var names []string
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Base(file.Path))
	}
	return strings.Join(names, " ")
}

// TestReplaceHalfDone stops after each step, as a kill does: the list is always one of whole records, and locking the store
// completes what was begun.
func TestReplaceHalfDone(t *testing.T) {
	const text = `{"dir":"a/b/c/d","replacements":[{"from":".ingest/stage/1","to":"1.1.new.log","old":["1.1.x.log","1.1.y.log"]},` +
		`{"from":".ingest/stage/2","to":"2.1.new.log","old":["2.1.log"]}]}`
	const after = "1.1.new.log 2.1.new.log 3.1.log"
	in := func(tree *storage.Tree, name string) string {
		return filepath.Join(tree.Dir(), filepath.FromSlash(name))
	}
	write := func(name string) func(*storage.Tree) error {
		return func(tree *storage.Tree) error { return os.WriteFile(in(tree, name), []byte(text), 0o666) }
	}
	rename := func(from, to string) func(*storage.Tree) error {
		return func(tree *storage.Tree) error { return os.Rename(in(tree, from), in(tree, to)) }
	}
	remove := func(name string) func(*storage.Tree) error {
		return func(tree *storage.Tree) error { return os.Remove(in(tree, name)) }
	}
	const before = "1.1.x.log 1.1.y.log 2.1.log 3.1.log"
	steps := []struct {
		do   func(*storage.Tree) error
		want string // in the list
	}{
		{write(".ingest/change.json"), before},
		{write("a/b/c/d/.replace.json"), before},
		{rename(".ingest/stage/1", "a/b/c/d/1.1.new.log"), "1.1.new.log 2.1.log 3.1.log"},
		{rename(".ingest/stage/2", "a/b/c/d/2.1.new.log"), after},
		{remove("a/b/c/d/1.1.x.log"), after},
		{remove("a/b/c/d/1.1.y.log"), after},
		{remove("a/b/c/d/2.1.log"), after},
		{remove("a/b/c/d/.replace.json"), after},
		{remove(".ingest/change.json"), after},
	}
	for n := range len(steps) + 1 {
		tree, _ := replaceStore(t)
		for i, step := range steps[:n] {
			if err := step.do(tree); err != nil {
				t.Fatal(err)
			}
			if got := listed(t, tree); got != step.want {
				t.Errorf("step %d: %s, want %s", i, got, step.want)
			}
		}
		lock, err := tree.Lock()
		if err != nil {
			t.Fatalf("after %d steps: %v", n, err)
		}
		lock.Release()
		want := after
		if n == 0 {
			want = before
		}
		if got := listed(t, tree); got != want {
			t.Errorf("completed after %d steps: %s, want %s", n, got, want)
		}
		left, err := filepath.Glob(in(tree, ".ingest/*"))
		if err != nil || len(left) != 1 {
			t.Errorf("after %d steps: %q are left, %v", n, left, err)
		}
	}
}

func TestReplaceFiles(t *testing.T) {
	tree, list := replaceStore(t)
	lock, err := tree.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := tree.Lock(); !isInUse(err) {
		t.Errorf("a second lock: %v", err)
	}
	before := listed(t, tree)
	for _, bad := range []storage.Replacement{
		{From: list[0].From, To: "3.1.log", Old: list[0].Old},
		{From: list[0].From, To: "../3.1.log", Old: list[0].Old},
		{From: list[0].From, To: "..", Old: list[0].Old},
		{From: list[0].From, To: "", Old: list[0].Old},
		{From: list[0].From, To: "4.1.log", Old: []string{"../../b/c/d/2.1.log"}},
		{From: list[0].From, To: "4.1.log", Old: []string{"4.1.log"}},
	} {
		if err := tree.Replace(replaceDir, []storage.Replacement{bad}); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
	if err := tree.Replace("a/b/c/e", list); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if got := listed(t, tree); got != before {
		t.Errorf("after errors: %s", got)
	}
	if err := tree.Replace(replaceDir, list); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, tree); got != "1.1.new.log 2.1.new.log 3.1.log" {
		t.Errorf("listed: %s", got)
	}
}

func isInUse(err error) bool {
	_, ok := errors.AsType[*storage.InUseError](err)
	return ok
}

// TestReplaceHostile has markers that are none of Replace's.
func TestReplaceHostile(t *testing.T) {
	for _, text := range []string{"", "{", "null!", `{"replacements":[{"to":"../x","old":["3.1.log"]}]}`, `{"replacements":[{"to":"x","old":["x"]}]}`} {
		tree, _ := replaceStore(t)
		marker := filepath.Join(tree.Dir(), filepath.FromSlash(replaceDir), ".replace.json")
		if err := os.WriteFile(marker, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		var errs []string
		for _, err := range tree.Files(nil) {
			if err == nil {
				t.Errorf("%q: a file is listed", text)
				continue
			}
			errs = append(errs, err.Error())
		}
		if len(errs) != 1 || !slices.ContainsFunc(errs, func(s string) bool { return strings.Contains(s, ".replace.json") }) {
			t.Errorf("%q: %q", text, errs)
		}
	}
}
