package rawlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// An InUseError says that another process writes raw logs of the same base in a directory.
type InUseError struct {
	Dir    string
	Holder string // who, for people: "process 4711, since 2026-01-02 03:04:05"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("another receiver writes to %s (%s)", e.Dir, e.Holder)
}

// errLocked is what tryLock returns for a file that another process has locked.
var errLocked = errors.New("locked")

// Lock makes this process the one that writes raw logs of a base in a directory, until the lock is closed or the process ends,
// however that comes. If there is one already, it is an *InUseError. The file stays. On systems without flock it excludes
// nobody.
func Lock(dir *os.Root, base string) (io.Closer, error) {
	f, err := dir.OpenFile("."+base+".lock", os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("locking raw logs: %w", err)
	}
	if err = tryLock(f); errors.Is(err, errLocked) {
		holder, _ := io.ReadAll(io.LimitReader(f, 200)) // best effort: for the message alone
		_ = f.Close()                                   // only read
		return nil, &InUseError{Dir: dir.Name(), Holder: strings.TrimSpace(string(holder))}
	}
	if err == nil {
		// A full disk must not keep a receiver from starting: the note is for people.
		_ = f.Truncate(0)
		_, _ = f.WriteAt(fmt.Appendf(nil, "process %d, since %s\n", os.Getpid(), time.Now().Format(time.DateTime)), 0)
		return f, nil
	}
	_ = f.Close() // nothing was written
	return nil, fmt.Errorf("locking raw logs: %w", err)
}
