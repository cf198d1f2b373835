//go:build unix

package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// ErrInUse says that another process holds the lock.
var ErrInUse = errors.New("in use by another process")

// Lock takes the lock of a directory, which is made if it is not there. The lock ends with unlock, or with the process.
func Lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// syncFiles returns when all that was written is on the disk: one call for tens of thousands of files.
func syncFiles() { syscall.Sync() }

// createFile makes a file. Package os would ask the kernel five times whether it is one to wait for.
func createFile(name string, content []byte) error {
	fd, err := open(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC)
	if err != nil {
		return err
	}
	for n := 0; len(content) > 0 && (err == nil || err == syscall.EINTR); content = content[max(n, 0):] {
		n, err = syscall.Write(fd, content)
	}
	if err = cmp.Or(err, syscall.Close(fd)); err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: err}
	}
	return nil
}

// readFile reads a file, if it can into the room of b.
func readFile(b []byte, name string) ([]byte, error) {
	fd, err := open(name, syscall.O_RDONLY)
	if err != nil {
		return nil, err
	}
	b = b[:0]
	for n := 1; n > 0 || err == syscall.EINTR; b = b[:len(b)+max(n, 0)] {
		b = slices.Grow(b, 4096)
		n, err = syscall.Read(fd, b[len(b):cap(b)])
	}
	if err = cmp.Or(err, syscall.Close(fd)); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}

func open(name string, flags int) (fd int, err error) {
	for {
		fd, err = syscall.Open(name, flags|syscall.O_CLOEXEC, 0o644)
		switch err {
		case nil:
			return fd, nil
		case syscall.EINTR:
		default:
			return -1, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
}
