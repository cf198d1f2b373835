//go:build !linux

package storage

// newBuffer returns a buffer of this size.
func newBuffer(size int) []byte { return make([]byte, size) }
