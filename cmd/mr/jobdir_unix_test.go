//go:build unix

package main // newJobDir shows on the command line only when mr is killed in the middle of a build

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

func TestJobDirSweeps(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	held, remove, err := newJobDir()
	if err != nil {
		t.Fatal(err)
	}
	prefix := "mr-job-" + strconv.Itoa(os.Getuid()) + "-"
	for _, name := range []string{prefix + "1/bin", prefix + "2", "mr-job-99-other-user", "unrelated"} {
		if err := os.MkdirAll(filepath.Join(tmp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{prefix + "1/bin/job", prefix + "3"} {
		if err := os.WriteFile(filepath.Join(tmp, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(tmp, "unrelated"), filepath.Join(tmp, prefix+"5")); err != nil {
		t.Fatal(err)
	}
	other, removeOther, err := newJobDir()
	if err != nil {
		t.Fatal(err)
	}
	check := func(want ...string) {
		t.Helper()
		want = append(want, "mr-job-99-other-user", prefix+"3", prefix+"5", "unrelated")
		slices.Sort(want)
		entries, err := os.ReadDir(tmp)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, want) {
			t.Errorf("there are\n%q, want\n%q", got, want)
		}
	}
	check(filepath.Base(held), filepath.Base(other))
	remove()
	remove()
	check(filepath.Base(other))
	removeOther()
	check()
}

// TestJobDirRace makes directories that sweeps meet before they are held.
func TestJobDirRace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var makers sync.WaitGroup
	for range 4 {
		makers.Go(func() {
			for range 100 {
				dir, remove, err := newJobDir()
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stat(dir); err != nil {
					t.Error(err)
				}
				remove()
			}
		})
	}
	makers.Wait()
}
