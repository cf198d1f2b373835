package storage

import (
	"bytes"
	"container/list"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriterOptions say how a Writer spreads records over files. The zero value is ready to use.
type WriterOptions struct {
	// MaxOpenFiles is the number of files being written at a time. When one more is needed, the one that has waited longest
	// is completed. Zero means 64.
	MaxOpenFiles int

	// MaxBuffer is the memory for records that have not gone to the disk; a file gathers up to a megabyte of them. When all
	// files together have more, the one with most writes what it has, which compresses less well. Zero means a megabyte for
	// each of MaxOpenFiles.
	MaxBuffer int

	// MaxFileBytes is the stored size from which a file is completed and another one begun. Zero means 256 MiB.
	MaxFileBytes int64

	// Unique returns what tells the n-th file (from 0) of this Writer from others with the same dimensions; it becomes part
	// of the file name, so letters, digits and _ only. Nil means 32 random hexadecimal digits.
	Unique func(n int) string

	// Stage is a directory below the root of the tree, by its slash path, in which files are written: Prepare leaves them
	// there. It must exist. Without it, they are written where they will be, under hidden temporary names.
	Stage string
}

func (o WriterOptions) maxOpenFiles() int {
	if o.MaxOpenFiles <= 0 {
		return 64
	}
	return o.MaxOpenFiles
}

func (o WriterOptions) maxBuffer() int {
	if o.MaxBuffer <= 0 {
		return o.maxOpenFiles() * (frameSize * 5 / 4) // a buffer grows by a quarter
	}
	return o.MaxBuffer
}

func (o WriterOptions) maxFileBytes() int64 {
	if o.MaxFileBytes <= 0 {
		return 256 << 20
	}
	return o.MaxFileBytes
}

func (o WriterOptions) unique(n int) string {
	if o.Unique != nil {
		return o.Unique(n)
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// A Writer adds records to a store: to new files, never to those that are there. Nothing appears before Commit. It is for one
// goroutine; several Writers, of several processes, may write to one store.
type Writer struct {
	tree    *Tree
	options WriterOptions
	open    map[string]*list.Element // by the values of the dimensions, as given
	recent  list.List                // of *outFile, that used last in front
	done    []*outFile               // complete, without a name
	files   int                      // begun so far
	buffer  int                      // memory of all open files
	key     []byte
	err     error
}

// outFile is one file of a Writer.
type outFile struct {
	key    string // in Writer.open
	dir    string // below the root of the tree
	n      int    // of those before it
	buffer int    // memory
	w      *FileWriter
}

// NewWriter returns a Writer that adds records to t. The caller must Close it.
func NewWriter(t *Tree, o WriterOptions) *Writer {
	return &Writer{tree: t, options: o, open: map[string]*list.Element{}}
}

// Append adds a record. values are those of the dimensions in the order of the schema, as they came: they are checked and
// cleaned by the schema. A key must not hold TAB, CR or LF. CR and LF in value become blanks, which leaves a JSON text the
// same. Key and value are not kept. An error about the key leaves the Writer as it was; any other one sticks.
func (w *Writer) Append(values []string, key, value []byte) error {
	if w.err != nil {
		return w.err
	}
	if bytes.ContainsAny(key, "\t\r\n") {
		return fmt.Errorf("key %q holds a TAB or a line end", key)
	}
	f, err := w.file(values)
	if err == nil {
		err = f.add(key, value)
		err = errors.Join(err, w.account(f))
	}
	if err == nil && f.w.Size() >= w.options.maxFileBytes() {
		err = w.complete(w.open[f.key])
	}
	if err != nil {
		w.err = err
	}
	return err
}

// add writes one line.
func (f *outFile) add(key, value []byte) error {
	_, _ = f.w.Write(key) // errors of Write stick
	_, _ = f.w.Write([]byte{'\t'})
	if bytes.IndexByte(value, '\n') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
		value = bytes.ReplaceAll(value, []byte{'\n'}, []byte{' '})
		value = bytes.ReplaceAll(value, []byte{'\r'}, []byte{' '})
	}
	_, _ = f.w.Write(value)
	_, err := f.w.Write([]byte{'\n'})
	return err
}

// account notes what f takes of memory, and makes room if all files take too much.
func (w *Writer) account(f *outFile) error {
	w.buffer += f.w.buffered() - f.buffer
	f.buffer = f.w.buffered()
	for w.buffer > w.options.maxBuffer() {
		most := f
		for e := w.recent.Front(); e != nil; e = e.Next() {
			if g := e.Value.(*outFile); g.buffer > most.buffer || g.buffer == most.buffer && g.n < most.n {
				most = g
			}
		}
		if err := most.w.release(); err != nil {
			return err
		}
		w.buffer, most.buffer = w.buffer-most.buffer, 0
	}
	return nil
}

// file returns the open file for records with these values.
func (w *Writer) file(values []string) (*outFile, error) {
	w.key = w.key[:0]
	for _, v := range values {
		w.key = append(append(w.key, v...), 0) // a value with a zero byte may share a file name, not a file: see create
	}
	if e := w.open[string(w.key)]; e != nil {
		w.recent.MoveToFront(e)
		return e.Value.(*outFile), nil
	}
	if w.recent.Len() >= w.options.maxOpenFiles() {
		if err := w.complete(w.recent.Back()); err != nil {
			return nil, err
		}
	}
	f, err := w.create(values)
	if err != nil {
		return nil, fmt.Errorf("adding to the store: %w", err)
	}
	w.open[f.key] = w.recent.PushFront(f)
	return f, nil
}

// create begins a file for these values.
func (w *Writer) create(values []string) (*outFile, error) {
	n := w.files
	w.files++
	unique := w.options.unique(n)
	for _, c := range []byte(unique) {
		if !isPlain(c) || c == '.' {
			return nil, fmt.Errorf("unique part %q of a file name has other than letters, digits and _", unique)
		}
	}
	name := filepath.FromSlash(w.tree.Schema().Path(values) + "." + unique + ".zst")
	dir := filepath.Dir(name)
	if err := w.tree.root.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	switch _, err := w.tree.root.Lstat(name); {
	case err == nil:
		return nil, fmt.Errorf("%s: %w", name, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	stage := name
	if w.options.Stage != "" {
		stage = filepath.Join(filepath.FromSlash(w.options.Stage), filepath.Base(name))
	}
	fw, err := createVia(w.tree.root, name, stage)
	if err != nil {
		return nil, err
	}
	return &outFile{key: string(w.key), dir: dir, n: n, w: fw}, nil
}

// complete ends a file, syncs it and leaves its name to Commit.
func (w *Writer) complete(e *list.Element) error {
	f := w.recent.Remove(e).(*outFile)
	delete(w.open, f.key)
	w.buffer -= f.buffer
	w.done = append(w.done, f)
	return f.w.finish(true)
}

// Commit makes all that was added so far appear, durably: every file is synced before the first gets its name. Files are
// complete, but they appear one after the other; an error may leave some of them in the store and others not. The Writer can
// be used again after a Commit without an error, and not after one with.
func (w *Writer) Commit() error {
	if w.err != nil {
		return w.err
	}
	if err := w.commit(); err != nil {
		w.err = fmt.Errorf("adding to the store: %w", err)
	}
	return w.err
}

// A Move says that a file of a tree gets its name. Both are slash paths below the root.
type Move struct{ From, To string }

// Prepare is the first half of a Commit in two: all that was added so far is complete and on the disk, and no more the
// Writer's, so that Close leaves it. It appears when Tree.Place makes the moves, be it after a crash: the caller writes them
// down.
func (w *Writer) Prepare() ([]Move, error) {
	if w.err != nil {
		return nil, w.err
	}
	if err := w.prepare(); err != nil {
		w.err = fmt.Errorf("adding to the store: %w", err)
		return nil, w.err
	}
	var moves []Move
	dirs := map[string]bool{}
	for _, f := range w.done {
		moves = append(moves, Move{From: filepath.ToSlash(f.w.temp), To: filepath.ToSlash(f.w.name)})
		addDirs(dirs, filepath.Dir(f.w.temp))
	}
	if w.err = syncDirs(w.tree.root, dirs); w.err != nil {
		return nil, w.err
	}
	w.done = nil
	return moves, nil
}

func (w *Writer) prepare() error {
	for w.recent.Len() > 0 {
		if err := w.complete(w.recent.Back()); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) commit() error {
	if err := w.prepare(); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for _, f := range w.done {
		if err := f.w.rename(); err != nil {
			return err
		}
		addDirs(dirs, f.dir)
	}
	if err := syncDirs(w.tree.root, dirs); err != nil {
		return err
	}
	for _, f := range w.done {
		if err := f.w.Close(); err != nil {
			return err
		}
	}
	w.done = nil
	return nil
}

// Close discards what has not been committed. It may be called more than once.
func (w *Writer) Close() error {
	var err error
	for e := w.recent.Front(); e != nil; e = e.Next() {
		err = errors.Join(err, e.Value.(*outFile).w.Close())
	}
	for _, f := range w.done {
		err = errors.Join(err, f.w.Close())
	}
	w.recent.Init()
	clear(w.open)
	w.done = nil
	if w.err == nil {
		w.err = fmt.Errorf("adding to the store: %w", os.ErrClosed)
	}
	return err
}

// Place gives files the names that Prepare had for them, durably: one after the other, and all of them when it returns nil. It
// may be called again with the same moves, whatever became of the call before; a file that has its name already keeps it.
func (t *Tree) Place(moves []Move) error {
	dirs := map[string]bool{}
	for _, m := range moves {
		if err := t.place(filepath.FromSlash(m.From), filepath.FromSlash(m.To)); err != nil {
			return fmt.Errorf("adding to the store: %w", err)
		}
		addDirs(dirs, filepath.Dir(filepath.FromSlash(m.To)))
	}
	if err := syncDirs(t.root, dirs); err != nil {
		return fmt.Errorf("adding to the store: %w", err)
	}
	return nil
}

func (t *Tree) place(from, to string) error {
	if err := t.root.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	err := t.root.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if _, placed := t.root.Lstat(to); placed == nil {
			return nil
		}
	}
	return err
}

// addDirs adds dir and all above it, up to ".".
func addDirs(dirs map[string]bool, dir string) {
	for ; !dirs[dir]; dir = filepath.Dir(dir) { // the parent of "." is it itself
		dirs[dir] = true
	}
}

func syncDirs(root *os.Root, dirs map[string]bool) error {
	for dir := range dirs {
		if err := SyncDir(root, dir); err != nil {
			return err
		}
	}
	return nil
}
