//go:build unix

package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// TestPipes has named pipes, which keep whoever opens them waiting, wherever a reader may meet them; no test ends if one does.
func TestPipes(t *testing.T) {
	pipe := func(name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o666); err != nil {
			t.Skip(err)
		}
	}

	dir := t.TempDir()
	pipe(filepath.Join(dir, "schema.json"))
	if _, err := storage.Open(dir); !isIrregular(err) {
		t.Errorf("a schema that is a pipe: %v", err)
	}

	tree := storeOf(t, "main/Firefox/nightly/28.0/1.2.v2.log")
	pipe(filepath.Join(tree.Dir(), "main/Firefox/nightly/28.0/1.3.v2.log"))
	pipe(filepath.Join(tree.Dir(), "main/Firefox/beta"))
	want := `
main/Firefox/beta: not a regular file
main/Firefox/nightly/28.0/1.2.v2.log
main/Firefox/nightly/28.0/1.3.v2.log: not a regular file
`
	if got := listTree(t, tree, nil); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}

	tree = storeOf(t, "main/Firefox/nightly/28.0/1.2.v2.log")
	pipe(filepath.Join(tree.Dir(), "main/Firefox/nightly/28.0/.replace.json"))
	if err := lastError(tree.Walk(nil)); err == nil || !strings.HasSuffix(err.Error(), "28.0: .replace.json: not a regular file") {
		t.Errorf("a change that is a pipe: %v", err)
	}

	tree = storeOf(t, "main/Firefox/nightly/28.0/1.2.v2.log")
	pipe(filepath.Join(tree.Dir(), ".ingest", "change.json"))
	if _, err := tree.Lock(); err == nil || !strings.HasSuffix(err.Error(), ": change.json: not a regular file") {
		t.Errorf("a change of the whole store that is a pipe: %v", err)
	}

	// A directory that was one when it was listed.
	tree = storeOf(t, "main/Firefox/nightly/28.0/1.2.v2.log")
	for _, at := range []string{"main/Firefox/nightly/28.0/", "main/Firefox/nightly/", "main/Firefox/"} {
		w := tree.Walk(nil)
		w.OnDir = func(dir string, _ bool) {
			if dir == at {
				name := filepath.Join(tree.Dir(), filepath.Clean(dir))
				if err := os.RemoveAll(name); err != nil {
					t.Fatal(err)
				}
				pipe(name)
			}
		}
		if err := lastError(w); !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), filepath.Clean(at)) {
			t.Errorf("%s becomes a pipe: %v", at, err)
		}
	}
}

func lastError(w *storage.Walk) (last error) {
	for _, err := range w.Files() {
		last = err
	}
	return last
}

// TestSwapped has something else take the place of a file after it was listed.
func TestSwapped(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("k\tsecret\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what string
		make func(name string) error
		ok   func(error) bool
	}{
		{"a pipe", func(name string) error { return syscall.Mkfifo(name, 0o666) }, isIrregular},
		{"a directory", func(name string) error { return os.Mkdir(name, 0o777) }, isIrregular},
		{"a device", func(name string) error { return syscall.Mknod(name, syscall.S_IFCHR|0o666, 1<<8|5) }, isIrregular}, // /dev/zero
		{"a socket", func(name string) error { return syscall.Mknod(name, syscall.S_IFSOCK|0o666, 0) }, isOpenError},
		{"a link to a file elsewhere", func(name string) error { return os.Symlink(outside, name) }, isOpenError},
		{"a link up and elsewhere", func(name string) error { return os.Symlink("../../../../../../secret", name) }, isOpenError},
		{"a link to itself", func(name string) error { return os.Symlink(filepath.Base(name), name) }, isOpenError},
		{"nothing", func(string) error { return nil }, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
	} {
		tree, file := testTree(t, "", []byte("k\t{}\n"))
		name := filepath.Join(tree.Dir(), file.Path)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := tt.make(name); err != nil {
			t.Logf("%s: %v: not tested", tt.what, err)
			continue
		}
		for range 3 { // the third time from a directory that is open
			if _, err := file.Open(storage.ReadOptions{}); !tt.ok(err) {
				t.Errorf("%s: %v", tt.what, err)
			}
		}
		if _, err := file.Parts(1); !tt.ok(err) {
			t.Errorf("parts of %s: %v", tt.what, err)
		}
	}
}

func isOpenError(err error) bool {
	p, ok := errors.AsType[*fs.PathError](err)
	return ok && p.Op == "open"
}

// TestLockLink has a link in the place of a lock, which would have its target cut to nothing.
func TestLockLink(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	tree := storeOf(t, "main/Firefox/nightly/28.0/1.2.v2.log")
	lock := filepath.Join(tree.Dir(), storage.StateDir, "lock")
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, what := range []func() error{
		func() error { return os.Symlink(victim, lock) },
		func() error { return syscall.Mkfifo(lock, 0o666) },
	} {
		if err := what(); err != nil {
			t.Fatal(err)
		}
		if l, err := tree.Lock(); err == nil {
			l.Release()
			t.Error("what is no file is locked")
		}
		if err := os.Remove(lock); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Dir(lock)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(victim), filepath.Dir(lock)); err != nil {
		t.Fatal(err)
	}
	if l, err := tree.Lock(); err == nil {
		l.Release()
		t.Error("a store is locked whose directory for that is elsewhere")
	}
	if text, err := os.ReadFile(victim); string(text) != "precious" {
		t.Errorf("the target of the link holds %q, %v", text, err)
	}
}
