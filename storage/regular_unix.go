//go:build unix

package storage

import "syscall"

const (
	openNoWait  = syscall.O_NONBLOCK
	openOnlyDir = syscall.O_DIRECTORY
	openNoLink  = syscall.O_NOFOLLOW
)
