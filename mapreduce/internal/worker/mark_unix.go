//go:build unix

package worker

import (
	"os"
	"syscall"
	"unsafe"
)

const markBytes = int(unsafe.Sizeof(Mark{}))

// mapMark returns the mark that f holds, which may then be closed. The mark is valid until it is unmapped.
func mapMark(f *os.File) (*Mark, error) {
	b, err := syscall.Mmap(int(f.Fd()), 0, markBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return (*Mark)(unsafe.Pointer(&b[0])), nil
}

func unmapMark(m *Mark) {
	if m == nil {
		return
	}
	_ = syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(m)), markBytes)) // it was mapped
}

// inheritedMark is the mark that the runner left in this process, or one of its own.
func inheritedMark() *Mark {
	var st syscall.Stat_t
	if err := syscall.Fstat(markFD, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG || st.Size != int64(markBytes) {
		return new(Mark)
	}
	f := os.NewFile(markFD, "mark")
	defer f.Close() // the mapping stays
	m, err := mapMark(f)
	if err != nil {
		return new(Mark)
	}
	return m
}
