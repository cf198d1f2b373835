package storage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// inputSize is what one read asks of the disk; it holds a compressed frame of an ordinary size with room to spare.
	inputSize = 512 << 10

	// chunkSize is what a codec without frames decodes at a time.
	chunkSize = 256 << 10

	// maxWindow bounds the memory that the header of a foreign file can ask for: the limit of the zstd tool.
	maxWindow = 128 << 20

	// maxPooled is the size above which a buffer is left to the garbage collector and not kept for the next file.
	maxPooled = 4 << 20
)

// An input is a file read in large pieces, with the bytes not used yet in one slice.
type input struct {
	r    io.Reader
	buf  []byte // the storage of all that was read
	pos  int    // of the first byte not used
	end  int    // of the first byte not read
	base int64  // place in the file of buf[0]
	err  error  // of r, io.EOF too
}

// offset is the place in the file of the first byte not used.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// rest is what has been read and not used.
func (in *input) rest() []byte { return in.buf[in.pos:in.end] }

// need makes rest hold n bytes at least, and reports whether the file has so many.
func (in *input) need(n int) bool {
	if in.end-in.pos >= n {
		return true
	}
	if in.pos == in.end || in.pos+n > len(in.buf) {
		to := in.buf
		if n > len(to) {
			to = make([]byte, n+n/4)
		}
		copy(to, in.rest())
		in.base += int64(in.pos)
		in.buf, in.pos, in.end = to, 0, in.end-in.pos
	}
	for in.end-in.pos < n && in.err == nil {
		var k int
		k, in.err = in.r.Read(in.buf[in.end:])
		in.end += k
	}
	return in.end-in.pos >= n
}

// skip uses up n bytes, and reports whether the file has so many.
func (in *input) skip(n int64) bool {
	for n > 0 {
		if !in.need(1) {
			return false
		}
		k := min(n, int64(in.end-in.pos))
		in.pos += int(k)
		n -= k
	}
	return true
}

// short is the error of a file that ends too early, unless reading it failed.
func (in *input) short() error {
	if in.err != io.EOF {
		return in.err
	}
	return errTruncated
}

// Read takes what is there first, so that a codec sees the bytes that its name was recognised by.
func (in *input) Read(p []byte) (int, error) {
	if in.pos == in.end {
		if in.err != nil {
			return 0, in.err
		}
		in.base += int64(in.end)
		in.pos, in.end = 0, 0
		if len(p) >= len(in.buf) {
			n, err := in.r.Read(p)
			in.base += int64(n)
			in.err = err
			return n, err
		}
		if !in.need(1) {
			return 0, in.err
		}
	}
	n := copy(p, in.rest())
	in.pos += n
	return n, nil
}

// workspace is all that decoding a file needs and the next file can use again.
type workspace struct {
	in      input
	out     []byte // buffer of decoded bytes
	buf     *bufio.Reader
	frames  *zstd.Decoder // whole frames
	stream  *zstd.Decoder // frames too large to be held
	gzip    *gzip.Reader
	strings interner
	values  []byte // see Value.Buffer
	zstd    zstdSource
	stored  *bufio.Reader // buf while it stands between the input and a codec

	maxWindow int64 // see ReadOptions

	unchecked  bool // a member of the file has no checksum of its content
	unverified bool // a member gives its content before the checksum
}

var workspaces = sync.Pool{New: func() any {
	return &workspace{in: input{buf: make([]byte, inputSize)}}
}}

// begin prepares w for the file r.
func (w *workspace) begin(r io.Reader) {
	w.in = input{r: r, buf: w.in.buf}
	w.stored, w.unchecked, w.unverified = nil, false, false
}

// release gives w back. Nothing borrowed from it may be used any more.
func (w *workspace) release() {
	w.in.r, w.zstd.ws, w.zstd.frame.in = nil, nil, nil
	if w.zstd.window > maxFrame {
		w.stream = nil
	}
	if w.buf != nil {
		w.buf.Reset(nil)
	}
	if len(w.in.buf) > maxPooled {
		w.in.buf = make([]byte, inputSize)
	}
	if cap(w.out) > maxPooled {
		w.out = nil
	}
	if cap(w.values) > maxPooled {
		w.values = nil
	}
	workspaces.Put(w)
}

// A windowError says that a file is whole as far as one can see, but needs more memory than it may have.
type windowError struct {
	codec       string
	needed, max int64
}

func (e *windowError) Error() string {
	return fmt.Sprintf("%s: it needs a window of %d bytes in memory, and may have %d: give more memory, or compress it with a smaller window",
		e.codec, e.needed, e.max)
}

// checkWindow returns an error if a file may not have a window of this size.
func (w *workspace) checkWindow(codec string, size int64) error {
	switch {
	case size > maxWindow:
		return fmt.Errorf("%s: window of %d bytes is larger than %d", codec, size, int64(maxWindow))
	case size > w.maxWindow:
		return &windowError{codec, size, w.maxWindow}
	}
	return nil
}

// buffered is the input r for codecs that read byte by byte.
func (w *workspace) buffered(r io.Reader) *bufio.Reader {
	if w.buf == nil {
		w.buf = bufio.NewReaderSize(r, 64<<10)
	} else {
		w.buf.Reset(r)
	}
	w.stored = w.buf
	return w.buf
}

// ended is nil if all of the buffered input has been used.
func (w *workspace) ended() error {
	if _, err := w.buf.Peek(1); err == nil {
		return errors.New("data after the end of the stream")
	}
	return nil
}

// offset is how much of the file has been used.
func (w *workspace) offset() int64 {
	n := w.in.offset()
	if w.stored != nil {
		n -= int64(w.stored.Buffered())
	}
	return n
}
