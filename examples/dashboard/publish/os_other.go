//go:build !unix

package publish

import (
	"errors"
	"os"
)

// ErrInUse says that another process holds the lock.
var ErrInUse = errors.New("in use by another process")

// Lock makes the directory. On this system nothing keeps two processes apart.
func Lock(dir string) (unlock func(), err error) {
	return func() {}, os.MkdirAll(dir, 0o755)
}

// syncFiles does nothing: what a power cut leaves on this system is its own affair.
func syncFiles() {}

func createFile(name string, content []byte) error { return os.WriteFile(name, content, 0o644) }

func readFile(_ []byte, name string) ([]byte, error) { return os.ReadFile(name) }
