package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// lowestPinned leaves the descriptors below to what a process inherits.
const lowestPinned = 64

// pin makes p execute the file that has its name now. A new process still has this process's descriptors when it executes
// /proc/self/fd/N.
func (p *Program) pin() error {
	f, err := os.Open(p.path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // it may be executed, not read
	}
	if err != nil {
		return err
	}
	defer f.Close() // only read
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "\x7fELF" {
		return nil // an interpreter would look for the descriptor in vain
	}
	lowest := lowestPinned
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		lowest = min(lowest, int(min(limit.Cur, 1<<20))/2)
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, lowest)
	if err != nil {
		return fmt.Errorf("keeping the program open: %w", err)
	}
	p.file = os.NewFile(uintptr(fd), p.path)
	p.exec = fmt.Sprintf("/proc/self/fd/%d", fd)
	if _, err := os.Stat(p.exec); err != nil { // no /proc
		p.exec = p.path
	}
	return nil
}
