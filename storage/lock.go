package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// An InUseError says that another process holds a lock.
type InUseError struct {
	Path   string
	Holder string // who, for people: "process 4711, since 2026-01-02 03:04:05"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use by another program (%s)", e.Path, e.Holder)
}

// A Lock is held on a file for as long as this process lives: the kernel drops it with the process, however that ends. On
// Windows nothing is locked.
type Lock struct{ file *os.File }

// errLocked is what tryLock returns for a file that another process has locked.
var errLocked = errors.New("locked")

// LockFile makes the file if it is not there, and locks it. The file of a process that was killed is taken over. If another
// process has it, the error is an *InUseError.
func LockFile(path string) (*Lock, error) {
	for {
		// Its content is cut to nothing, so it must not be a link to another file.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|openNoWait|openNoLink, 0o600)
		if err != nil {
			return nil, fmt.Errorf("locking: %w", err)
		}
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			_ = f.Close() // only opened
			return nil, fmt.Errorf("locking: %s is %w", path, cmp.Or(err, errIrregular))
		}
		err = tryLock(f)
		if errors.Is(err, errLocked) {
			holder, _ := io.ReadAll(io.LimitReader(f, 200)) // best effort: for the message alone
			_ = f.Close()                                   // only read
			return nil, &InUseError{Path: path, Holder: strings.TrimSpace(string(holder))}
		}
		if err != nil {
			_ = f.Close() // nothing was written
			return nil, fmt.Errorf("locking: %w", err)
		}
		// The holder before may have removed the file between our open and our lock: then it is nobody's.
		if !isSame(f, path) {
			_ = f.Close() // nothing was written
			continue
		}
		l := &Lock{file: f}
		holder := fmt.Sprintf("process %d, since %s\n", os.Getpid(), time.Now().Format(time.DateTime))
		_ = l.note(holder) // best effort: for a message alone, and the disk may be full
		return l, nil
	}
}

func (l *Lock) note(holder string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(holder), 0)
	return err
}

// Release removes the file while it is still locked, and unlocks it.
func (l *Lock) Release() {
	_ = os.Remove(l.file.Name()) // the next process takes over what is left
	_ = l.file.Close()           // unlocks; nothing is lost with it
}

func isSame(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}
