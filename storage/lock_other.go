//go:build !unix

package storage

import (
	"errors"
	"os"
)

// tryLock does not lock here.
func tryLock(*os.File) error { return nil }

// tryLockDir cannot lock here.
func tryLockDir(*os.File, bool) error { return errors.ErrUnsupported }
