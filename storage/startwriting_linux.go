package storage

import (
	"os"
	"syscall"
)

// startWriting has the system begin to write a range of a file to the disk.
func startWriting(f *os.File, offset, size int64) {
	const syncFileRangeWrite = 2 // SYNC_FILE_RANGE_WRITE of sync_file_range(2)
	c, err := f.SyscallConn()
	if err != nil {
		return // it is written later
	}
	_ = c.Control(func(fd uintptr) { _ = syscall.SyncFileRange(int(fd), offset, size, syncFileRangeWrite) })
}
