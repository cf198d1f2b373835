package storage

import (
	"errors"
	"syscall"
)

// IsFull tells whether an error is that of a disk, or a quota, that is full: there may be space later. On Windows it knows no such
// error.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || isQuota(err) }
