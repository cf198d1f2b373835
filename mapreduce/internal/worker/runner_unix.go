//go:build unix

package worker

import (
	"errors"
	"os"
	"syscall"
)

// killGroup kills p and all processes of its group.
func killGroup(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // fails when none is left
}

// killOwnGroup kills this process and all of its group, if it leads one.
func killOwnGroup() {
	if pid := os.Getpid(); syscall.Getpgrp() == pid {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// inherited returns the two pipes that the runner left in this process, and keeps them from its children.
func inherited() (life, greeting *os.File, err error) {
	for _, fd := range []int{lifeFD, greetingFD} {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return nil, nil, err
		}
		if st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			return nil, nil, errors.New("not a pipe")
		}
		syscall.CloseOnExec(fd)
	}
	if err := syscall.SetNonblock(lifeFD, true); err != nil { // a read then needs no thread of its own
		return nil, nil, err
	}
	return os.NewFile(lifeFD, "life"), os.NewFile(greetingFD, "handshake"), nil
}

// isTransient tells whether starting a program may succeed at another time although it failed with err.
func isTransient(err error) bool {
	for _, e := range []error{
		syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ETXTBSY, syscall.EIO, syscall.EINTR,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isForeign tells whether err says that a file is not a program of this system.
func isForeign(err error) bool { return errors.Is(err, syscall.ENOEXEC) }
