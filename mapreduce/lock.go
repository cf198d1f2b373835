package mapreduce

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An InUseError says that another run holds the output.
type InUseError struct {
	Output string
	Holder string // who, for people: "process 4711, since 2026-01-02 03:04:05"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is being written by another run (%s)", e.Output, e.Holder)
}

// A lock is held on a file beside the output for as long as this process lives: the kernel drops it with the process,
// however that ends.
type lock struct{ file *os.File }

// errLocked is what tryLock returns for a file that another process has locked.
var errLocked = errors.New("locked")

// lockOutput locks output for this run. The lock file of a run that was killed is taken over.
func lockOutput(output string) (*lock, error) {
	dir, base := filepath.Split(output)
	path := filepath.Join(dir, "."+base+".lock")
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("locking output: %w", err)
		}
		err = tryLock(f)
		if errors.Is(err, errLocked) {
			holder, _ := io.ReadAll(io.LimitReader(f, 200)) // best effort: for the message alone
			_ = f.Close()                                   // only read
			return nil, &InUseError{Output: output, Holder: strings.TrimSpace(string(holder))}
		}
		if err != nil {
			_ = f.Close() // nothing was written
			return nil, fmt.Errorf("locking output: %w", err)
		}
		// The holder before may have removed the file between our open and our lock: then it is nobody's.
		if !isSame(f, path) {
			_ = f.Close() // nothing was written
			continue
		}
		l := &lock{file: f}
		holder := fmt.Sprintf("process %d, since %s\n", os.Getpid(), time.Now().Format(time.DateTime))
		if err := l.note(holder); err != nil {
			l.release()
			return nil, fmt.Errorf("locking output: %w", err)
		}
		return l, nil
	}
}

func (l *lock) note(holder string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(holder), 0)
	return err
}

// release removes the lock file while it is still locked, and unlocks it.
func (l *lock) release() {
	_ = os.Remove(l.file.Name()) // the next run takes over what is left
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
