//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package main

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalSize returns the columns of the terminal that f is. A terminal that does not know has 80.
func terminalSize(f *os.File) (columns int, ok bool) {
	var size struct{ rows, columns, x, y uint16 }
	if !ioctl(f, syscall.TIOCGWINSZ, unsafe.Pointer(&size)) {
		return 0, false
	}
	if size.columns == 0 {
		return 80, true
	}
	return int(size.columns), true
}

// inForeground tells whether this process may draw on its terminal: a shell that has put it into the background is at its
// prompt there.
func inForeground(f *os.File) bool {
	var group int32
	return ioctl(f, syscall.TIOCGPGRP, unsafe.Pointer(&group)) && int(group) == syscall.Getpgrp()
}

// ioctl asks the terminal f; the kernel writes its answer to what p points to. It fails if f is no terminal.
func ioctl(f *os.File, request uintptr, p unsafe.Pointer) bool {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(p))
	return errno == 0
}
