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
	"time"
)

const (
	lockName = "lock"

	// unfinished marks a directory whose lock is not yet held. It is swept after staleAge.
	unfinished = ".new"
	staleAge   = time.Minute // locking takes microseconds
)

// newJobDir makes a private directory for a job program: mr-job-UID-RANDOM in the directory for temporary files. A lock in it
// is held until remove or the end of this process. First it removes such directories of this user's that no process holds.
func newJobDir() (dir string, remove func(), err error) {
	prefix := "mr-job-" + strconv.Itoa(os.Getuid()) + "-"
	sweepJobDirs(os.TempDir(), prefix)

	// The name without suffix appears with the lock held, so that a sweep in another process never meets it unlocked.
	begun, err := os.MkdirTemp("", prefix+"*"+unfinished)
	if err != nil {
		return "", nil, err
	}
	dir = strings.TrimSuffix(begun, unfinished)
	lock, err := os.OpenFile(filepath.Join(begun, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		if err = tryLock(lock); err == nil {
			err = os.Rename(begun, dir)
		}
		if err != nil {
			_ = lock.Close() // nothing was written
		}
	}
	if err != nil {
		_ = os.RemoveAll(begun) // a temporary directory; err says what matters
		return "", nil, err
	}
	return dir, func() {
		_ = os.RemoveAll(dir) // what is left is swept by a later run
		_ = lock.Close()
	}, nil
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
		if strings.HasSuffix(dir, unfinished) {
			if time.Since(info.ModTime()) > staleAge {
				_ = os.RemoveAll(dir)
			}
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist): // half swept
			_ = os.RemoveAll(dir)
		case err == nil:
			if tryLock(lock) == nil {
				_ = os.RemoveAll(dir)
			}
			_ = lock.Close()
		}
	}
}

func tryLock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
