//go:build !linux

package storage

import "os"

// startWriting leaves it to the system when to write.
func startWriting(*os.File, int64, int64) {}
