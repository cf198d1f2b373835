package storage

import (
	"errors"
	"io/fs"
	"os"
)

// ErrChanged says that a file is not what it was when it was opened: another program writes to it. What was read of it is no
// content that it ever had.
var ErrChanged = errors.New("the file was changed while it was read")

var errIrregular = errors.New(reasonIrregular)

// openRegular opens a regular file below root for reading. Anything else is refused without waiting: opening a named pipe would
// wait for somebody who writes to it.
func openRegular(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|openNoWait, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	}
	if err != nil {
		_ = f.Close() // only opened
		return nil, err
	}
	return f, nil
}

// openDir opens a directory below root, and nothing else, without waiting.
func openDir(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, os.O_RDONLY|openNoWait|openOnlyDir, 0)
}
