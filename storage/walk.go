package storage

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/filter"
)

// A walk is one pass over a tree. Most of its cost is system calls: one lstat for each directory and file that the
// filter holds, and none for any other, which is why it reads names only. (ReadDir on a directory of an os.Root calls
// lstat for every entry.)
type walk struct {
	*Tree
	sets   []filter.Set // of each dimension, its values as they are spelled in a path
	values []string     // of the directories above, and scratch for those in a file name
	yield  func(File, error) bool
}

// dir walks the directory with this name in parent. prefix is its slash path, with a slash at the end, and level the
// number of directories above it. It reports whether to go on.
func (w *walk) dir(parent *os.Root, name, prefix string, level int) bool {
	if w.onDir != nil {
		w.onDir(prefix, true)
	}
	names, err := readNames(parent, name)
	if err != nil {
		return w.fail("list", prefix, err)
	}
	if level == 0 {
		names = slices.DeleteFunc(names, func(n string) bool { return n == schemaName })
	}
	if level < w.layout.dirs {
		names = w.selectDirs(names, prefix, level)
	} else {
		names = w.selectFiles(names)
	}
	if len(names) == 0 {
		return true
	}
	here := parent
	if name != "." {
		if here, err = parent.OpenRoot(name); err != nil {
			return w.fail("open", prefix, err)
		}
		defer here.Close()
	}
	if level < w.layout.dirs {
		return w.dirs(here, names, prefix, level)
	}
	return w.files(here, names, prefix)
}

// selectDirs returns the names that may lead to a selected file, or are stray, in the order of what lies below them.
func (w *walk) selectDirs(names []string, prefix string, level int) []string {
	set := w.sets[level]
	names = slices.DeleteFunc(names, func(name string) bool {
		value, reason := w.layout.dir(level, name)
		if reason != "" || set.IsAll() || set.Contains(w.layout.clean(level, value)) {
			return false
		}
		if w.onDir != nil {
			w.onDir(prefix+name+"/", false)
		}
		return true
	})
	slices.SortFunc(names, compareDirs)
	return names
}

// compareDirs compares names as if each had a slash at its end: a.b comes before a, since a.b/x comes before a/x.
func compareDirs(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	at := func(s string) byte {
		if n < len(s) {
			return s[n]
		}
		return '/'
	}
	return cmp.Compare(at(a), at(b))
}

// dirs walks the directories with these names in here.
func (w *walk) dirs(here *os.Root, names []string, prefix string, level int) bool {
	for _, name := range names {
		value, reason := w.layout.dir(level, name)
		if reason == "" {
			info, err := here.Lstat(name)
			if err != nil {
				return w.fail("look at", prefix+name, err)
			}
			reason = strayDir(info.Mode())
		}
		if reason != "" {
			if !w.stray(prefix+name, reason) {
				return false
			}
			continue
		}
		w.values[level] = value
		if !w.dir(here, name, prefix+name+"/", level+1) {
			return false
		}
	}
	return true
}

// strayDir returns why something with this mode is not a directory.
func strayDir(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return ""
	case mode&fs.ModeSymlink != 0:
		return reasonSymlink
	case mode.IsRegular():
		return reasonTooShallow
	}
	return reasonIrregular
}

// selectFiles returns the names of files that are selected, or stray, in order.
func (w *walk) selectFiles(names []string) []string {
	names = slices.DeleteFunc(names, func(name string) bool {
		if w.layout.file(name, w.values) != "" {
			return false
		}
		for i := w.layout.dirs; i < w.layout.dims; i++ {
			if !w.sets[i].IsAll() && !w.sets[i].Contains(w.layout.clean(i, w.values[i])) {
				return true
			}
		}
		return false
	})
	slices.Sort(names)
	return names
}

// files yields the files with these names in here.
func (w *walk) files(here *os.Root, names []string, prefix string) bool {
	values := make([]string, len(names)*w.layout.dims) // one allocation for all
	for _, name := range names {
		path := prefix + name
		own := values[:w.layout.dims:w.layout.dims]
		reason := w.layout.file(path[len(prefix):], own)
		var size int64
		if reason != reasonTemporary {
			info, err := here.Lstat(name)
			if err != nil {
				return w.fail("look at", path, err)
			}
			if r := strayFile(info.Mode()); r != "" {
				reason = r
			}
			size = info.Size()
		}
		if reason != "" {
			if !w.stray(path, reason) {
				return false
			}
			continue
		}
		values = values[w.layout.dims:]
		copy(own, w.values[:w.layout.dirs])
		if !w.yield(File{Path: path, Size: size, Dims: Dims{w.names, own}, tree: w.Tree}, nil) {
			return false
		}
	}
	return true
}

// strayFile returns why something with this mode is not a regular file.
func strayFile(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode.IsDir():
		return reasonTooDeep
	case mode&fs.ModeSymlink != 0:
		return reasonSymlink
	}
	return reasonIrregular
}

func (w *walk) stray(path, reason string) bool {
	return w.yield(File{}, &StrayError{Path: path, Reason: reason})
}

// fail ends the walk with err.
func (w *walk) fail(op, path string, err error) bool {
	w.yield(File{}, pathError(op, filepath.Join(w.Tree.dir, filepath.FromSlash(path)), err))
	return false
}

// readNames returns the names in a directory, in no order.
func readNames(parent *os.Root, name string) ([]string, error) {
	f, err := parent.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
