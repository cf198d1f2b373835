package storage

import (
	"os"
	"path"
	"path/filepath"
	"sync"
)

// A dirCache opens files below a root and keeps the directory of the last one open, if it served twice in a row. An
// os.Root opens the directories of a path one by one, which for four of them is more than half of the cost of opening
// a file (8 us; 3 us from the directory), and files are mostly opened in the order of their paths.
type dirCache struct {
	mu   sync.Mutex // guards the fields below
	dir  string     // slash path of the directory of the last file
	root *os.Root   // of dir; nil if it is not open
}

// open opens the file with this slash path below top.
func (c *dirCache) open(top *os.Root, name string) (*os.File, error) {
	dir, base := path.Split(name)
	if dir == "" {
		return openRegular(top, name)
	}
	c.mu.Lock()
	if dir != c.dir {
		c.reset(dir)
	} else if c.root == nil {
		c.root, _ = top.OpenRoot(filepath.FromSlash(dir)) // the error comes again below
	}
	if c.root != nil {
		if f, err := openRegular(c.root, base); err == nil {
			c.mu.Unlock()
			return f, nil
		}
		c.reset("") // perhaps another directory has this path now
	}
	c.mu.Unlock()
	return openRegular(top, filepath.FromSlash(name))
}

// reset forgets the directory and notes the next. c.mu is held.
func (c *dirCache) reset(dir string) {
	if c.root != nil {
		_ = c.root.Close() // opened for lookups only
	}
	c.dir, c.root = dir, nil
}

// close releases the directory.
func (c *dirCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset("")
}
