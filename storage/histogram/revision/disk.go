package revision

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/telemetry-mr/mr/storage"
)

// read returns the text of the definitions that the directory has. What cannot have a file is as good as not there: pings
// name what they like, and beside the definitions may lie other files.
func (c *Cache) read(id ID) ([]byte, error) {
	if c.root == nil {
		return nil, fs.ErrNotExist
	}
	text, err := c.readFile(id.File())
	if err != nil && isBlocked(c.root, id.File()) {
		return nil, fs.ErrNotExist
	}
	return text, err
}

func (c *Cache) readFile(name string) ([]byte, error) {
	f, err := c.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return readAll(f, c.o.MaxFile)
}

// write keeps a text in the directory, unless the place of its file is taken by something else: then the definitions are in
// memory only.
func (c *Cache) write(id ID, text []byte) error {
	if c.root == nil {
		return nil
	}
	err := c.writeFile(id.File(), text)
	if err != nil && isBlocked(c.root, id.File()) {
		return nil
	}
	return err
}

func (c *Cache) writeFile(name string, text []byte) error {
	if err := c.root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o777); err != nil {
		return err
	}
	return storage.WriteFileIn(c.root, filepath.FromSlash(name), text)
}

// isBlocked tells whether no file of definitions can have this slash path, for what is there already: a file where a directory
// should be or the other way round, or a link that leads out of the root, or nowhere. Where names are reserved, they are
// blocked as well.
func isBlocked(root *os.Root, name string) bool {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return true
	}
	for end := range len(name) + 1 {
		if last := end == len(name); last || name[end] == '/' {
			part := filepath.FromSlash(name[:end])
			info, err := root.Stat(part)
			if err != nil {
				link, _ := root.Lstat(part)
				return link != nil && link.Mode()&fs.ModeSymlink != 0 && !errors.Is(err, fs.ErrPermission)
			}
			if info.IsDir() == last {
				return true
			}
		}
	}
	return false
}

// readAll reads a text of a bounded size.
func readAll(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		return nil, fmt.Errorf("%w than %d bytes", errTooLong, most)
	}
	return text, err
}

var errTooLong = errors.New("longer")
