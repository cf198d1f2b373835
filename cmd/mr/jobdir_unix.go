//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// newJobDir makes a private directory for a job program: mr-job-UID-RANDOM in the directory for temporary files. A lock on it
// is held until remove or the end of this process. First it removes such directories of this user's that no process holds.
func newJobDir() (dir string, remove func(), err error) {
	prefix := "mr-job-" + strconv.Itoa(os.Getuid()) + "-"
	sweepJobDirs(os.TempDir(), prefix)
	for {
		if dir, err = os.MkdirTemp("", prefix+"*"); err != nil {
			return "", nil, err
		}
		held, err := hold(dir)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			continue // a sweep of another process has met it before it was held, and removes it
		}
		// Any other error is that of a file system without locks: there nobody can sweep either.
		return dir, func() {
			_ = os.RemoveAll(dir) // what is left is swept by a later run
			if err == nil {
				_ = held.Close() // only locked
			}
		}, nil
	}
}

// hold locks a directory and returns what keeps it locked. Who holds a directory may remove it.
func hold(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = sameDir(f, dir)
	}
	if err != nil {
		_ = f.Close() // only opened
		return nil, err
	}
	return f, nil
}

// sameDir returns fs.ErrNotExist if f is not what dir names any more.
func sameDir(f *os.File, dir string) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(dir)
	if err == nil && !os.SameFile(opened, named) {
		err = fs.ErrNotExist
	}
	return err
}

// sweepJobDirs removes what processes that were killed have left in parent, as far as it can.
func sweepJobDirs(parent, prefix string) {
	entries, _ := os.ReadDir(parent) // what cannot be read is not swept
	for _, e := range entries {
		info, err := e.Info()
		if !strings.HasPrefix(e.Name(), prefix) || err != nil || !info.IsDir() || !mine(info) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		if held, err := hold(dir); err == nil {
			_ = os.RemoveAll(dir)
			_ = held.Close()
		}
	}
}

func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
