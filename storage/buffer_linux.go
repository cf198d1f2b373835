package storage

import (
	"runtime/debug"
	"syscall"
	"unsafe"
)

// largePage is the size of the pages that a system keeps beside those of 4 KiB. Where it is another, nothing is gained.
const largePage = 2 << 20

// newBuffer returns a buffer of this size or more. One for a frame lies in one large page, if there are such: a decoder copies
// from all over it. For that it takes two, and is not done where memory is short.
func newBuffer(size int) []byte {
	const short = 64 << 20
	if size < largePage/4 || size > largePage || debug.SetMemoryLimit(-1) < short {
		return make([]byte, size)
	}
	b := make([]byte, 2*largePage)
	at := int(-uintptr(unsafe.Pointer(&b[0])) % largePage)
	b = b[at : at+largePage : at+largePage]
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) // it is an advice
	return b
}
