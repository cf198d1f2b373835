package storage

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// OpenFile opens a file for reading its decoded content. The codec is found by content, as for the files of a store
// (FORMAT.md has the list); what is of none gives its bytes as they are. What is damaged is a *DamagedError, from OpenFile or from Read; a damaged
// file never just ends early. The caller must Close the reader.
func OpenFile(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := newReader(f, filepath.ToSlash(name), ReadOptions{})
	if r.opened != nil {
		err := r.damaged(r.opened)
		_ = r.Close() // err says what matters
		return nil, err
	}
	return &content{r}, nil
}

// OpenRecords opens a file of records wherever it lies. The records have no dimensions. Otherwise it is File.Open.
func OpenRecords(name string, o ReadOptions) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return newReader(f, filepath.ToSlash(name), o), nil
}

// content is a Reader as a stream of bytes.
type content struct{ r *Reader }

func (c *content) Read(p []byte) (int, error) {
	r := c.r
	for r.pos == len(r.buf) {
		if len(p) == 0 {
			return 0, nil
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[r.pos:])
	r.pos += n
	return n, nil
}

// WriteTo saves io.Copy a buffer.
func (c *content) WriteTo(w io.Writer) (int64, error) { return c.r.WriteTo(w) }

func (c *content) Close() error { return c.r.Close() }

// A FileWriter makes a file that appears under its name whole or not at all. Until then it has a hidden temporary name in
// the same directory, .NAME.RANDOM.tmp, which a killed program leaves behind. It is for one goroutine.
//
// Errors of Write stick: Commit and Publish report them and make nothing appear, so that callers may ignore those of Write.
type FileWriter struct {
	root   *os.Root
	owned  bool // root is closed by Close
	file   *os.File
	name   string         // below root
	temp   string         // below root
	to     io.WriteCloser // codec, or what stands for none
	size   int64          // bytes in the file so far
	behind bool           // the disk writes while more comes
	begun  int64          // bytes of which the system has been told to write them
	err    error
	state  fileState

	onDisk func(event string) // for tests: called before each step that others can see
}

type fileState int

const (
	fileOpen fileState = iota
	fileWritten
	fileNamed
	fileClosed
)

// ErrReadOnlyCodec says that the extension of a name means a codec that can be read, not written.
var ErrReadOnlyCodec = errors.New("the codec can be read, not written")

// CreateFile begins a file that Commit or Publish will give its name, in place of a file of that name if there is one, whose
// mode it takes. The extension of the name chooses the codec: .zst, which is the seekable form of FORMAT.md, .gz, or none. The
// codecs that can only be read are refused with ErrReadOnlyCodec. The directory must exist.
func CreateFile(name string) (*FileWriter, error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	w, err := createIn(root, filepath.Base(name))
	if err != nil {
		_ = root.Close() // err says what matters
		return nil, pathError("create", name, err)
	}
	w.owned = true
	return w, nil
}

// CreateFileIn is CreateFile for a file below an open directory, which must stay open. Nothing that name says, and no
// symbolic link, leads out of it.
func CreateFileIn(root *os.Root, name string) (*FileWriter, error) { return createIn(root, name) }

// WriteFileIn makes a file with this content appear, as the Commit of CreateFileIn does.
func WriteFileIn(root *os.Root, name string, content []byte) error {
	w, err := createIn(root, name)
	if err != nil {
		return err
	}
	return w.commitAll(content)
}

// commitAll has the file appear with this content, or not at all.
func (w *FileWriter) commitAll(content []byte) error {
	defer w.Close()         // discards what Commit did not get
	_, _ = w.Write(content) // Commit reports it
	return w.Commit()
}

// createIn is CreateFile below an open directory, which must stay open.
func createIn(root *os.Root, name string) (*FileWriter, error) {
	return createVia(root, name, name)
}

// createVia is createIn with the temporary name that stage, in place of name, would have.
func createVia(root *os.Root, name, stage string) (*FileWriter, error) {
	old, statErr := root.Stat(name)
	if statErr == nil && old.IsDir() {
		return nil, errors.New("is a directory")
	}
	codec := claimed(name)
	switch codec {
	case codecPlain, codecZstd, codecGzip:
	default:
		return nil, fmt.Errorf("%w: %s; use .zst, .gz or no extension", ErrReadOnlyCodec, filepath.Ext(name))
	}
	w := &FileWriter{root: root, name: name}
	for {
		w.temp = tempName(stage)
		var err error
		w.file, err = root.OpenFile(w.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		break
	}
	if statErr == nil { // what takes its place is for the same eyes
		if err := w.file.Chmod(old.Mode().Perm()); err != nil {
			return nil, errors.Join(err, w.file.Close(), root.Remove(w.temp))
		}
	}
	switch codec {
	case codecZstd:
		w.to = newZstdWriter(countingWriter{w})
	case codecGzip:
		buf := bufio.NewWriterSize(countingWriter{w}, 64<<10)
		w.to = &chain{gzip.NewWriter(buf), buf}
	default:
		w.to = &chain{nil, bufio.NewWriterSize(countingWriter{w}, 64<<10)}
	}
	return w, nil
}

const (
	tempRandom = 8      // bytes, in hex
	tempEnd    = ".tmp" // as no file of a store ends
)

// tempName is a hidden name beside name.
func tempName(name string) string {
	var b [tempRandom]byte
	_, _ = rand.Read(b[:]) // never fails
	dir, base := filepath.Split(name)
	return dir + tempPrefix(base) + hex.EncodeToString(b[:]) + tempEnd
}

func tempPrefix(base string) string {
	return "." + base[:min(len(base), 200)] + "." // a name has no more than 255 bytes
}

// isTempOf reports whether name is one that tempName makes of base.
func isTempOf(name, base string) bool {
	middle, ok1 := strings.CutPrefix(name, tempPrefix(base))
	middle, ok2 := strings.CutSuffix(middle, tempEnd)
	b, err := hex.DecodeString(middle)
	return ok1 && ok2 && err == nil && len(b) == tempRandom
}

// RemoveTemporary removes what FileWriters for name have left behind that were killed. The caller sees to it that no other
// is at work.
func RemoveTemporary(name string) error {
	dir, base := filepath.Split(name)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if isTempOf(e.Name(), base) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// chain is a codec, or nil, in front of a buffer.
type chain struct {
	codec io.WriteCloser
	buf   *bufio.Writer
}

func (c *chain) Write(p []byte) (int, error) {
	if c.codec != nil {
		return c.codec.Write(p)
	}
	return c.buf.Write(p)
}

func (c *chain) Close() error {
	if c.codec != nil {
		if err := c.codec.Close(); err != nil {
			return err
		}
	}
	return c.buf.Flush()
}

func (c *chain) ReadFrom(r io.Reader) (int64, error) {
	if c.codec != nil {
		return io.Copy(c.codec, r)
	}
	return c.buf.ReadFrom(r)
}

type countingWriter struct{ w *FileWriter }

// ReadFrom lets the kernel copy from file to file.
func (c countingWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.w.file.ReadFrom(r)
	c.w.grow(n)
	return n, err
}

func (c countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.file.Write(p)
	c.w.grow(int64(n))
	return n, err
}

// WriteBehind has the disk write the content while more comes, so that Commit has less to wait for. It is for large files.
func (w *FileWriter) WriteBehind() { w.behind = true }

// grow is told of what has gone to the file.
func (w *FileWriter) grow(n int64) {
	const step = 8 << 20
	w.size += n
	if w.behind && w.size-w.begun >= step {
		startWriting(w.file, w.begun, w.size-w.begun)
		w.begun = w.size
	}
}

// Write adds p to the content of the file. In a .zst file it is best to write many lines, or parts of them: what is kept in
// memory is about a megabyte, or the longest line up to 8 MiB.
func (w *FileWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.state != fileOpen {
		return 0, fmt.Errorf("writing %s: %w", w.name, os.ErrClosed)
	}
	n, err := w.to.Write(p)
	if err != nil {
		w.err = fmt.Errorf("writing %s: %w", w.name, err)
	}
	return n, w.err
}

// ReadFrom adds all of r to the content of the file. From file to file without a codec, the kernel copies.
func (w *FileWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.state != fileOpen {
		return 0, fmt.Errorf("writing %s: %w", w.name, os.ErrClosed)
	}
	n, err := io.Copy(w.to, r)
	if err != nil {
		w.err = fmt.Errorf("writing %s: %w", w.name, err)
	}
	return n, w.err
}

// Size is the number of bytes that have gone to the disk so far.
func (w *FileWriter) Size() int64 { return w.size }

// buffered is the memory that content takes which has not gone to the disk.
func (w *FileWriter) buffered() int {
	if z, ok := w.to.(*zstdWriter); ok {
		return cap(z.raw)
	}
	return 0
}

// release sends content that makes whole lines to the disk, and gives back its memory.
func (w *FileWriter) release() error {
	z, ok := w.to.(*zstdWriter)
	if !ok || w.err != nil {
		return w.err
	}
	if err := z.release(); err != nil {
		w.err = fmt.Errorf("writing %s: %w", w.name, err)
	}
	return w.err
}

// Commit makes the file appear such that it is still there, whole, after a power cut: the content is synced before the file
// gets its name, and the directory after. An error leaves what was there before, but for an error of the last step: then
// the file is there, and whether it survives is not known. On Windows the directory is not synced.
func (w *FileWriter) Commit() error {
	if err := w.finish(true); err != nil {
		return err
	}
	if err := w.rename(); err != nil {
		return err
	}
	dir := filepath.Dir(w.name)
	w.note("sync " + dir)
	if err := SyncDir(w.root, dir); err != nil {
		return w.fail("syncing the directory of", err)
	}
	return nil
}

// Publish makes the file appear without waiting for the disk: after a power cut it may be gone, or be there and empty. For
// files that carry a checksum and can be made again.
func (w *FileWriter) Publish() error {
	if err := w.finish(false); err != nil {
		return err
	}
	return w.rename()
}

// finish completes the content under the temporary name.
func (w *FileWriter) finish(sync bool) error {
	switch {
	case w.err != nil:
		return w.err
	case w.state != fileOpen:
		return w.fail("committing", os.ErrClosed)
	}
	w.state = fileWritten
	if err := w.to.Close(); err != nil {
		_ = w.file.Close() // err says what matters
		return w.fail("writing", err)
	}
	w.to = nil // the buffers are not needed any more
	if sync {
		w.note("sync " + w.temp)
		// After a failed sync the kernel may have dropped what it could not write, and a second one would succeed: never retried.
		if err := w.file.Sync(); err != nil {
			_ = w.file.Close() // err says what matters
			return w.fail("syncing", err)
		}
	}
	if err := w.file.Close(); err != nil {
		return w.fail("closing", err)
	}
	return nil
}

func (w *FileWriter) rename() error {
	w.note("rename " + w.temp + " " + w.name)
	if err := w.root.Rename(w.temp, w.name); err != nil {
		return w.fail("naming", err)
	}
	w.state = fileNamed
	return nil
}

func (w *FileWriter) note(event string) {
	if w.onDisk != nil {
		w.onDisk(event)
	}
}

// fail makes err stick.
func (w *FileWriter) fail(doing string, err error) error {
	w.err = fmt.Errorf("%s %s: %w", doing, filepath.Join(w.root.Name(), w.name), err)
	return w.err
}

// Close removes the file if it has not got its name. It may be called at any time and more than once; after Commit or
// Publish it does nothing but release the directory.
func (w *FileWriter) Close() error {
	if w.state == fileClosed {
		return nil
	}
	var err error
	if w.state == fileOpen {
		err = w.file.Close()
	}
	if w.state != fileNamed {
		w.note("remove " + w.temp)
		err = errors.Join(err, w.root.Remove(w.temp))
	}
	w.state, w.to = fileClosed, nil
	if w.owned {
		err = errors.Join(err, w.root.Close())
	}
	return err
}

// SyncDir makes the names in a directory, by its path below root, survive a power cut. On Windows it does nothing.
func SyncDir(root *os.Root, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
