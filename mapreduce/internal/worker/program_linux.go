package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pin makes p execute the file that has its name now, by this process's descriptor of it: a new process has one, too, but its
// number may be taken for what is passed on before the program is executed.
func (p *Program) pin() error {
	f, err := os.Open(p.path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // it may be executed, not read
	}
	if err != nil {
		return err
	}
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "\x7fELF" {
		return f.Close() // an interpreter would look for the descriptor in vain
	}
	opened, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p.file = f
	exec := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
	if found, err := os.Stat(exec); err == nil && os.SameFile(opened, found) { // else there is no /proc, or that of others
		p.exec = exec
	}
	return nil
}

// A worker gives itself the name of its program in lists such as top's, where it has that of the descriptor. The name of a process
// is that of its first thread, on which Go runs what is done at the start, and nothing else for certain.
func init() {
	if !Started() || len(os.Args) == 0 {
		return
	}
	if name, err := unix.BytePtrFromString(filepath.Base(os.Args[0])); err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0) // it is for people
	}
}
