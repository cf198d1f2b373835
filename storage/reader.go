package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// ReadOptions say how a file is read. The zero value is ready to use.
type ReadOptions struct {
	// MaxRecordBytes is the length of the longest line that is a record, without its line end. A longer one is a bad line,
	// and is never held in memory as a whole. Zero means 16 MiB.
	MaxRecordBytes int

	// MaxWindowBytes is how much of its content a file may ask to have kept in memory for decoding it: the window of a zstd
	// frame, the dictionary of xz and LZMA. For one that needs more there is an error, which is none of damage. Zero means
	// 128 MiB, and more than that is damage.
	MaxWindowBytes int64

	// Part is what to read of the file, one of File.Parts. Lines and offsets are counted from the beginning of the file all
	// the same; Counts are those of the part.
	Part Part

	// Stored, if set, is written all bytes of the file, or of the part, as they are on the disk, in order; all of them when
	// Records has come to the end without an error. An error of it is one of reading.
	Stored io.Writer
}

func (o ReadOptions) maxRecordBytes() int {
	if o.MaxRecordBytes <= 0 {
		return 16 << 20
	}
	return o.MaxRecordBytes
}

func (o ReadOptions) maxWindowBytes() int64 {
	if o.MaxWindowBytes <= 0 {
		return maxWindow
	}
	return o.MaxWindowBytes
}

// Counts say how much a Reader has read. Once Records has come to the end of the file without an error, StoredBytes is the
// size of the file and Bytes the size of its decoded content.
type Counts struct {
	StoredBytes int64 // of the file, as it is on the disk
	Bytes       int64 // length of all lines, with their line ends
	Lines       int64 // records and bad lines
	BadLines    int64 // lines that are no records
}

// A Reader gives the records of one file. It is for one goroutine.
type Reader struct {
	file   *os.File
	ws     *workspace
	src    source
	format Format
	max    int
	part   Part

	buf  []byte // decoded and not yet given: buf[pos:]
	pos  int
	seen int // buf[pos:seen] holds no line end

	at     cursor
	dims   Dims
	counts Counts
	done   bool
	was    fs.FileInfo // of the file when it was opened; nil if changes since are no matter
	opened error       // reported by Records, so that a damaged head is met like a damaged tail
}

// Open opens the file for reading its records. The codec is found by content. The error is that of opening; damage is
// reported by Records, even that of the first bytes. The caller must Close the Reader.
func (f File) Open(o ReadOptions) (*Reader, error) {
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	was, err := file.Stat()
	if err != nil {
		_ = file.Close() // only opened
		return nil, pathError("open", filepath.Join(f.tree.dir, filepath.FromSlash(f.Path)), err)
	}
	r := newReader(file, f.Path, o)
	r.dims, r.was = f.Dims, was
	return r, nil
}

// newReader returns a Reader of an open file, which it closes. path is what errors call it.
func newReader(file *os.File, path string, o ReadOptions) *Reader {
	r := &Reader{file: file, max: o.maxRecordBytes(), part: o.Part, ws: workspaces.Get().(*workspace)}
	r.at.path = path
	r.at.plain = &r.ws.strings
	r.at.buffer = &r.ws.values
	r.buf = r.ws.out[:0]
	var stored io.Reader = file
	if o.Part != (Part{}) {
		stored = io.NewSectionReader(file, o.Part.Offset, o.Part.Length)
	}
	if o.Stored != nil {
		stored = io.TeeReader(stored, o.Stored)
	}
	r.ws.begin(stored)
	r.ws.maxWindow = o.maxWindowBytes()
	r.src, r.format, r.opened = r.ws.open(path)
	if o.Part != (Part{}) && r.opened == nil {
		r.ws.zstd.part, r.ws.zstd.want = true, o.Part.Bytes
		if r.format.Codec != codecZstd {
			r.opened = errTable
		}
	}
	return r
}

// Stat tells of the file that is being read.
func (r *Reader) Stat() (os.FileInfo, error) { return r.file.Stat() }

// Records opens the file, gives its records as Reader.Records does, and closes it.
func (f File) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		r, err := f.Open(ReadOptions{})
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer r.Close() // reading only: there is nothing to lose
		for rec, err := range r.Records() {
			if !yield(rec, err) {
				return
			}
		}
	}
}

// Counts reports what has been read so far. It may be called during iteration, and after Close.
func (r *Reader) Counts() Counts {
	if r.ws != nil {
		r.counts.StoredBytes = r.ws.offset()
	}
	return r.counts
}

// Close closes the file. Records and values of the Reader are invalid afterwards; strings stay valid.
func (r *Reader) Close() error {
	if r.ws == nil {
		return nil
	}
	r.Counts()
	r.Format()
	r.ws.out = r.buf
	r.ws.release()
	r.ws, r.src, r.buf, r.pos, r.seen = nil, nil, nil, 0, 0
	r.at.plain, r.at.buffer = nil, nil
	return r.file.Close()
}

// Records gives the records from where the last iteration has stopped. A record is valid until the next one is asked for.
//
// Errors: a *SyntaxError is about one line, which is no record; iteration goes on with the next line. The item's Value is that
// line, nil if it is too long to be held. Any other error is the last item: a *DamagedError when the content of the file is not
// what a complete file has, ErrChanged when it is another at the end than at the beginning (of a file of a Tree), else the error
// of reading.
// Records that came before damage are as they were written where Format().Verified says so; else they, and bad lines, may be
// the damage itself, whose checksum comes behind them. Format also says what no reader can notice.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			line, err := r.line()
			if err == io.EOF {
				return
			}
			var bad *SyntaxError
			if err == nil {
				tab := bytes.IndexByte(line, '\t')
				if tab >= 0 {
					if !yield(Record{Key: line[:tab], Value: line[tab+1:], Dims: r.dims, at: &r.at}, nil) {
						return
					}
					continue
				}
				bad = r.bad("no TAB between key and value")
				if len(line) == 0 {
					bad.Reason = "empty line"
				}
			} else if bad, _ = err.(*SyntaxError); bad == nil {
				yield(Record{}, err)
				return
			}
			r.counts.BadLines++
			if !yield(Record{Value: line}, bad) {
				return
			}
		}
	}
}

// WriteTo writes the decoded content from where the last iteration has stopped, whatever its lines are. The errors are the last
// ones that Records has; Counts has only StoredBytes of it.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		n, err := w.Write(r.buf[r.pos:])
		r.pos += n
		r.seen = r.pos
		total += int64(n)
		if err != nil {
			return total, err
		}
		if err := r.fill(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
	}
}

func (r *Reader) bad(reason string) *SyntaxError {
	return &SyntaxError{Path: r.at.path, Line: r.at.line, Offset: r.at.offset, Reason: reason}
}

// line returns the next line without its end and moves the position there.
func (r *Reader) line() ([]byte, error) {
	r.at.reason = ""
	if r.at.buffer != nil {
		*r.at.buffer = (*r.at.buffer)[:0]
	}
	r.at.offset = r.part.Start + r.counts.Bytes
	for {
		if n := bytes.IndexByte(r.buf[r.seen:], '\n'); n >= 0 {
			line := r.buf[r.pos : r.seen+n]
			r.take(len(line) + 1)
			return r.strip(line)
		}
		r.seen = len(r.buf)
		if len(r.buf)-r.pos > r.max+1 { // one more for the CR of CR LF
			return nil, r.passOver()
		}
		if err := r.fill(); err != nil {
			if err != io.EOF || r.pos == len(r.buf) {
				return nil, err
			}
			line := r.buf[r.pos:]
			r.take(len(line))
			return r.strip(line)
		}
	}
}

// take moves past the n bytes of a line.
func (r *Reader) take(n int) {
	r.pos += n
	r.seen = r.pos
	r.counts.Bytes += int64(n)
	r.counts.Lines++
	r.at.line = r.part.Line + r.counts.Lines
}

// strip removes a CR and checks the length.
func (r *Reader) strip(line []byte) ([]byte, error) {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if len(line) > r.max {
		return nil, r.tooLong()
	}
	return line, nil
}

func (r *Reader) tooLong() error {
	return r.bad(fmt.Sprintf("line longer than %d bytes", r.max))
}

// passOver drops the rest of a line that is too long.
func (r *Reader) passOver() error {
	dropped := 0
	for {
		dropped += len(r.buf) - r.pos
		r.pos = len(r.buf)
		err := r.fill()
		n := bytes.IndexByte(r.buf[r.pos:], '\n')
		switch {
		case err != nil && err != io.EOF:
			return err
		case err == nil && n < 0:
			continue
		}
		r.take(n + 1) // or none, at the end of the file
		r.counts.Bytes += int64(dropped)
		return r.tooLong()
	}
}

// fill reads more behind what is there.
func (r *Reader) fill() error {
	switch {
	case r.ws == nil:
		return fmt.Errorf("reading %s: %w", r.at.path, os.ErrClosed)
	case r.done:
		return io.EOF
	case r.opened != nil:
		return r.damaged(r.opened)
	}
	keep := copy(r.buf, r.buf[r.pos:])
	r.pos, r.seen = 0, keep
	var err error
	r.buf, err = r.src.next(r.buf[:keep])
	if err == nil {
		return nil
	}
	if changed := r.changed(); changed != nil {
		return changed
	}
	if err == io.EOF {
		r.done = true
		return err
	}
	return r.damaged(err)
}

// changed returns an error if the file is not the one that was opened any more: somebody writes to it.
func (r *Reader) changed() error {
	if r.was == nil {
		return nil
	}
	now, err := r.file.Stat()
	if err == nil && (now.Size() != r.was.Size() || !now.ModTime().Equal(r.was.ModTime())) {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", r.at.path, err)
	}
	return nil
}

// damaged tells an unreadable disk from unreadable content.
func (r *Reader) damaged(err error) error {
	r.opened = err
	if read := r.ws.in.err; read != nil && read != io.EOF {
		return fmt.Errorf("reading %s: %w", r.at.path, read)
	}
	if window, ok := errors.AsType[*windowError](err); ok {
		return &fs.PathError{Op: "read", Path: r.at.path, Err: window}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &DamagedError{Path: r.at.path, Offset: r.part.Offset + r.ws.offset(), Err: err}
}

// A DamagedError says that a file is not what its codec or its name says it is: cut short, changed, or followed by
// something else.
type DamagedError struct {
	Path   string
	Offset int64 // in the stored file: where reading stood when the damage was noticed
	Err    error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: damaged near byte %d: %s", e.Path, e.Offset, e.Reason())
}

// Reason says what is wrong with the file, without its path and the offset.
func (e *DamagedError) Reason() string {
	if errors.Is(e.Err, io.ErrUnexpectedEOF) {
		return "the file ends too early"
	}
	return e.Err.Error()
}

// Unwrap returns the error of the codec.
func (e *DamagedError) Unwrap() error { return e.Err }
