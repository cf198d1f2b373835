//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"
)

func tryLock(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// tryLockDir locks an open directory for one program alone, or for all that do not want it alone.
func tryLockDir(f *os.File, alone bool) error {
	if alone {
		return flock(f, syscall.LOCK_EX)
	}
	return flock(f, syscall.LOCK_SH)
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return errLocked
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
