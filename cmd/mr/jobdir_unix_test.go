//go:build unix

package main // newJobDir shows on the command line only when mr is killed in the middle of a build

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestJobDirSweeps(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	held, remove, err := newJobDir()
	if err != nil {
		t.Fatal(err)
	}
	prefix := "mr-job-" + strconv.Itoa(os.Getuid()) + "-"
	for _, name := range []string{prefix + "1/bin", prefix + "2", prefix + "3.new", prefix + "4.new", "mr-job-99-other-user", "unrelated"} {
		if err := os.MkdirAll(filepath.Join(tmp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{prefix + "1/lock", prefix + "1/bin/job", "mr-job-99-other-user/lock", "unrelated/lock"} {
		if err := os.WriteFile(filepath.Join(tmp, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(tmp, "unrelated"), filepath.Join(tmp, prefix+"5")); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(filepath.Join(tmp, prefix+"4.new"), old, old); err != nil {
		t.Fatal(err)
	}
	other, removeOther, err := newJobDir()
	if err != nil {
		t.Fatal(err)
	}
	check := func(want ...string) {
		t.Helper()
		want = append(want, "mr-job-99-other-user", prefix+"3.new", prefix+"5", "unrelated")
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
