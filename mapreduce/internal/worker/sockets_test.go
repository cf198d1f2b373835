//go:build unix

package worker_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// shortTemp is a directory for temporary files that has room for the paths of sockets, wherever others have theirs.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mr-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

func TestSocketDir(t *testing.T) {
	tmp := shortTemp(t)
	dir, cleanup, err := worker.NewSocketDir()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(dir)
	if err != nil || info.Mode() != os.ModeDir|0o700 || filepath.Dir(dir) != tmp {
		t.Errorf("%s is %v, %v, want a private directory in %s", dir, info.Mode(), err, tmp)
	}
	cleanup()
	cleanup()
	if left := entries(t, tmp); len(left) > 0 {
		t.Errorf("cleanup left %q", left)
	}
}

func TestSocketDirSweeps(t *testing.T) {
	tmp := shortTemp(t)
	held, cleanup, err := worker.NewSocketDir()
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()

	prefix := fmt.Sprintf("mr-%d-", os.Getuid())
	mkdir := func(name string, files ...string) {
		for _, f := range append(files, "") {
			if err := os.MkdirAll(filepath.Join(tmp, name, filepath.Dir(f)), 0o700); err != nil {
				t.Fatal(err)
			}
			if f != "" {
				if err := os.WriteFile(filepath.Join(tmp, name, f), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	mkdir(prefix+"stale", "lock", "plugin-dir1/plugin2")
	mkdir(prefix + "halfswept")
	mkdir(prefix+"begun.new", "lock")
	mkdir(prefix + "abandoned.new")
	mkdir(prefix[:len(prefix)-1]+"9-other-user", "lock")
	mkdir("unrelated", "lock")
	if err := os.Symlink(filepath.Join(tmp, "unrelated"), filepath.Join(tmp, prefix+"link")); err != nil {
		t.Fatal(err)
	}

	dir, cleanup2, err := worker.NewSocketDir()
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup2()
	want := []string{
		filepath.Base(held), filepath.Base(dir), prefix + "link", prefix[:len(prefix)-1] + "9-other-user",
		"unrelated",
	}
	slices.Sort(want)
	if got := entries(t, tmp); !slices.Equal(got, want) {
		t.Errorf("after the sweep there are\n%q, want\n%q", got, want)
	}
}

func TestSocketDirInLongOrMissingTemp(t *testing.T) {
	tmp := filepath.Join(t.TempDir(), strings.Repeat("x", 90))
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	start(t, options(t)) // its directory is one with a short path
	t.Setenv("TMPDIR", "/nonexistent")
	if _, _, err := worker.NewSocketDir(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "/nonexistent") {
		t.Errorf("NewSocketDir: %v, want it to name the missing directory", err)
	}
}
