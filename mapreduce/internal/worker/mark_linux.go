package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// newMarkFile makes a file for a mark that no disk sees.
func newMarkFile(string) (*os.File, error) {
	fd, err := unix.MemfdCreate("mark", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "mark")
	if err := f.Truncate(int64(markBytes)); err != nil {
		_ = f.Close() // err says what matters
		return nil, err
	}
	return f, nil
}
