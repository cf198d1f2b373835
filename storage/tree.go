package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/filter"
)

// schemaName is the name of the schema file at the root of a store, and maxSchemaBytes what it may have at most.
const (
	schemaName     = "schema.json"
	maxSchemaBytes = 16 << 20
)

// StateDir is the directory at the root of a store in which programs that add to it keep what they have to remember. It is
// not part of the store, and no reader looks into it.
const StateDir = ".ingest"

// A Tree is an open store. All access to it goes through the directory that it was opened with: no path and no
// symbolic link leads out of it. A Tree may be used by several goroutines at once.
type Tree struct {
	dir    string
	root   *os.Root
	schema *Schema
	names  []string // of the dimensions; shared by the Dims of all files
	layout layout

	lastDir dirCache
}

// Init makes dir, which must be empty or not exist, an empty store with this schema (nil: the default one) and opens
// it.
func Init(dir string, s *Schema) (*Tree, error) {
	if s == nil {
		s = DefaultSchema()
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("making a store: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("making a store: %w", err)
	}
	t, err := OpenWith(dir, s)
	if err != nil {
		return nil, err
	}
	if err := t.init(); err != nil {
		_ = t.Close() // err says what matters
		return nil, fmt.Errorf("making a store: %w", err)
	}
	return t, nil
}

// init writes the schema file into an empty directory.
func (t *Tree) init() error {
	names, err := readNames(t.root, ".")
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case name == schemaName:
			return fmt.Errorf("%s is a store already", t.dir)
		case strings.HasPrefix(name, "."+schemaName+".") && isTemporary(name):
			_ = t.root.Remove(name) // left by an Init that was killed
		default:
			return fmt.Errorf("%s is not empty", t.dir)
		}
	}
	w, err := createIn(t.root, schemaName)
	if err != nil {
		return err
	}
	defer w.Close() // discards what Commit did not get
	if _, err := w.Write(t.schema.JSON()); err != nil {
		return err
	}
	return w.Commit()
}

// Open opens the store at dir with the schema in its schema.json, or DefaultSchema if it has none.
func Open(dir string) (*Tree, error) { return OpenWith(dir, nil) }

// OpenWith opens the store at dir with the given schema instead of its own. A nil schema is Open.
func OpenWith(dir string, s *Schema) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", pathError("open", dir, err))
	}
	if s == nil {
		s, err = readSchema(root)
	} else {
		err = s.validate()
	}
	if err != nil {
		_ = root.Close() // err says what matters
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return &Tree{dir: dir, root: root, schema: s, names: s.names(), layout: s.layout()}, nil
}

// readSchema reads the schema file at the root of a store.
func readSchema(root *os.Root) (*Schema, error) {
	path := filepath.Join(root.Name(), schemaName)
	f, err := openRegular(root, schemaName)
	if errors.Is(err, fs.ErrNotExist) {
		return DefaultSchema(), nil
	}
	if err != nil {
		return nil, pathError("open", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSchemaBytes+1))
	if err != nil {
		return nil, pathError("read", path, err)
	}
	if len(data) > maxSchemaBytes {
		return nil, fmt.Errorf("%s: longer than %d bytes", path, maxSchemaBytes)
	}
	s, err := ParseSchema(data)
	if at, ok := errors.AsType[*filter.DocumentError](err); ok {
		return nil, fmt.Errorf("%s:%w", path, at)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Dir returns the directory as it was given to Open.
func (t *Tree) Dir() string { return t.dir }

// Schema returns the schema of the store. It must not be changed.
func (t *Tree) Schema() *Schema { return t.schema }

// Close releases the directory. Files of the tree cannot be opened any more; those that are open stay so.
func (t *Tree) Close() error {
	t.lastDir.close()
	return t.root.Close()
}

// Files returns the files that f selects, with their sizes, in the order of their slash paths, byte by byte.
//
// A directory whose value f does not hold is not read. The values of f are compared as they are spelled in paths, so
// saved-session selects saved_session. The first item is an error, and the only one, if f names a dimension that the
// schema has not.
//
// What lies in a directory that is read but is not a file of the store is an item with a *StrayError, and iteration
// goes on: a temporary name, a file at the wrong depth, a symbolic link, or something that is neither file nor
// directory. Names that f does not hold are passed over without a look at what they are. Any other error ends the
// iteration, among them that a file has vanished while its directory was looked at: another program removes files, and the list
// would be that of no moment. Tree.Replace does not come between: of a directory, the list is that before it or that after it.
func (t *Tree) Files(f filter.Filter) iter.Seq2[File, error] {
	return t.Walk(f).Files()
}

// File returns the file with this slash path and size as Files would, without a look at the disk: whether it exists
// is seen when it is opened. A path that Files would not list is a *StrayError.
func (t *Tree) File(path string, size int64) (File, error) {
	values, err := t.schema.ParsePath(path)
	if err != nil {
		return File{}, err
	}
	return File{Path: path, Size: size, Dims: NewDims(t.names, values), tree: t}, nil
}

// A File is one file of records in a Tree.
type File struct {
	Path string // slash path below the root of the tree
	Size int64  // stored bytes when it was listed
	Dims Dims

	ModTime time.Time // when it was listed; zero of a file that Tree.File has named

	tree *Tree
}

// open opens the file for reading, wherever its path leads but never outside the tree.
func (f File) open() (*os.File, error) {
	if f.tree == nil {
		return nil, fmt.Errorf("%s is not the file of a tree", f.Path)
	}
	file, err := f.tree.lastDir.open(f.tree.root, f.Path)
	if err != nil {
		return nil, pathError("open", filepath.Join(f.tree.dir, filepath.FromSlash(f.Path)), err)
	}
	return file, nil
}

// A StrayError names something in a store that is not one of its files. It is left alone.
type StrayError struct {
	Path   string // slash path below the root of the tree
	Reason string
}

func (e *StrayError) Error() string {
	path := e.Path
	if !isPrintable(path) {
		path = strconv.Quote(path)
	}
	return path + ": " + e.Reason
}

// pathError is err with the path that a user can find: errors from an os.Root name only its last part.
func pathError(op, path string, err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
