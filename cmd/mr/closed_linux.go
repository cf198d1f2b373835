package main

import (
	"io"
	"os"
	"syscall"
)

// isClosed reports whether the process was started without what w stands for. Go then opens /dev/null in its place, so that
// writing seems to succeed; for reading and writing, which a shell does not. Some libraries do to discard what a program prints, so
// it is asked only where nothing but that is of use.
func isClosed(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFCHR || st.Rdev != 1<<8|3 {
		return false
	}
	mode, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
	return errno == 0 && mode&syscall.O_ACCMODE == syscall.O_RDWR
}
