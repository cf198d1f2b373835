package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"path"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// The codecs as Reader.Codec names them.
const (
	codecPlain = "plain"
	codecZstd  = "zstd"
	codecGzip  = "gzip"
	codecXZ    = "xz"
	codecLZMA  = "lzma"
)

// A source is the decoded bytes of one file.
type source interface {
	// next appends at least one decoded byte to buf, which it may move, and returns it. At the end it returns buf as it was
	// and io.EOF, but only when the file is known to be whole.
	next(buf []byte) ([]byte, error)
}

// codecOf tells the codec from the first bytes of a file.
func codecOf(head []byte) string {
	switch {
	case isZstd(head):
		return codecZstd
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return codecGzip
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return codecXZ
	case bytes.HasPrefix(head, []byte{0x5d, 0, 0}):
		return codecLZMA
	}
	return codecPlain
}

// claimed is the codec that the name of a file promises, codecPlain if none.
func claimed(name string) string {
	switch path.Ext(name) {
	case ".zst":
		return codecZstd
	case ".gz":
		return codecGzip
	case ".xz":
		return codecXZ
	case ".lzma":
		return codecLZMA
	case ".bz2", ".lz4", ".s2", ".sz", ".br":
		return path.Ext(name)
	}
	return codecPlain
}

// open recognises the codec of the file that begin was called with.
func (w *workspace) open(name string) (source, string, error) {
	w.in.need(6) // fewer are fine: the file is shorter
	codec := codecOf(w.in.rest())
	if want := claimed(name); codec == codecPlain && want != codecPlain {
		if len(w.in.rest()) == 0 {
			return nil, codec, errors.New("file is empty, but its name claims " + want)
		}
		return nil, codec, errors.New("content is of no known codec, but its name claims " + want)
	}
	switch codec {
	case codecZstd:
		w.zstd.begin(w)
		return &w.zstd, codec, nil
	case codecGzip:
		return w.openGzip()
	case codecXZ:
		return w.openXZ()
	case codecLZMA:
		r, err := lzma.ReaderConfig{DictCap: maxWindow}.NewReader(w.buffered(&w.in))
		if err != nil {
			return nil, codec, notEOF(err)
		}
		return &streamSource{r: r, whole: w.ended}, codec, nil
	}
	return &streamSource{r: &w.in}, codec, nil
}

func (w *workspace) openGzip() (source, string, error) {
	if w.gzip == nil {
		w.gzip = new(gzip.Reader)
	}
	// Reset leaves the reader in multistream mode: it reads every member, and takes anything else behind one for an error.
	if err := w.gzip.Reset(w.buffered(&w.in)); err != nil {
		return nil, codecGzip, notEOF(err)
	}
	return &streamSource{r: w.gzip}, codecGzip, nil
}

func (w *workspace) openXZ() (source, string, error) {
	// The dictionary of the first block is checked here, because the package would allocate up to 4 GiB for it.
	w.in.need(12 + 2 + 9 + 9 + 3)
	if size := xzDictionary(w.in.rest()); size > maxWindow {
		return nil, codecXZ, fmt.Errorf("dictionary of %d bytes is larger than %d", size, maxWindow)
	}
	foot := &xzFoot{r: &w.in}
	r, err := xz.NewReader(w.buffered(foot))
	if err != nil {
		return nil, codecXZ, notEOF(err)
	}
	return &streamSource{r: r, whole: foot.check}, codecXZ, nil
}

// xzDictionary is what the first block of an xz file asks for, 0 if there is none that the package would read.
// Behind 12 bytes there is the header of the block: its size, flags, up to two sizes as the flags say, then one filter. 0x21
// is LZMA2, with one byte of properties.
func xzDictionary(head []byte) int64 {
	const sizes = 0xc0 // the flags for these; others are for further filters, or reserved
	if len(head) < 14 || head[12] == 0 || head[13]&^sizes != 0 {
		return 0
	}
	h := head[14:]
	for range bits.OnesCount8(head[13]) {
		_, n := binary.Uvarint(h)
		h = h[max(n, 0):]
	}
	if len(h) < 3 || h[0] != 0x21 || h[1] != 1 {
		return 0
	}
	size, err := lzma.DecodeDictCap(h[2])
	if err != nil {
		return 0
	}
	return size
}

// xzFoot looks at how an xz file ends, because the package takes some files that are cut short for whole ones: where a block
// or the index should begin, it gives the end of the file as the end of the content.
type xzFoot struct {
	r     io.Reader
	last  [12]byte // up to the last byte that is not zero
	zeros int64    // behind it
}

func (f *xzFoot) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	body := bytes.TrimRight(p[:n], "\x00")
	if len(body) == 0 {
		f.zeros += int64(n)
		return n, err
	}
	if zeros := int(min(f.zeros, int64(len(f.last)))); len(body) < len(f.last) {
		both := slices.Concat(f.last[:], make([]byte, zeros), body)
		copy(f.last[:], both[len(both)-len(f.last):])
	} else {
		copy(f.last[:], body[len(body)-len(f.last):])
	}
	f.zeros = int64(n - len(body))
	return n, err
}

// check is nil if the file ends with the footer of a stream and padding: CRC-32 of what follows, size of the index, flags, YZ.
func (f *xzFoot) check() error {
	b := f.last[:]
	if string(b[10:]) != "YZ" || f.zeros%4 != 0 || crc32.ChecksumIEEE(b[4:10]) != binary.LittleEndian.Uint32(b) {
		return errTruncated
	}
	return nil
}

// streamSource is a codec that gives a plain stream of bytes.
type streamSource struct {
	r     io.Reader
	whole func() error // if set, asked at the end
	err   error
}

func (s *streamSource) next(buf []byte) ([]byte, error) {
	buf = room(buf, chunkSize)
	for s.err == nil {
		var n int
		n, s.err = s.r.Read(buf[len(buf) : len(buf)+chunkSize])
		if s.err == io.EOF && s.whole != nil {
			if err := s.whole(); err != nil {
				s.err = err
			}
		}
		if n > 0 {
			return buf[:len(buf)+n], nil
		}
	}
	return buf, s.err
}

// room returns buf with space for n more bytes.
func room(buf []byte, n int) []byte {
	if cap(buf)-len(buf) >= n {
		return buf
	}
	size := len(buf) + n
	if len(buf) > n {
		size += len(buf) // a record longer than several chunks: double
	}
	to := make([]byte, len(buf), size)
	copy(to, buf)
	return to
}
