package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
)

// The codecs as Format.Codec names them.
const (
	codecPlain  = "plain"
	codecZstd   = "zstd"
	codecGzip   = "gzip"
	codecXZ     = "xz"
	codecLZMA   = "lzma"
	codecBzip2  = "bzip2"
	codecLZ4    = "lz4"
	codecSnappy = "snappy"
	codecS2     = "s2"
)

// A codec is one way in which the content of a file is stored.
type codec struct {
	name   string
	magic  string   // what a file of it begins with; ? is any byte
	exts   []string // names with these claim it
	open   func(w *workspace) (source, error)
	format func(head []byte) Format // by the first bytes of the file; what it says of Codec is not looked at
}

// codecs has no entry for plain, which is what no other is. A zstd file may begin otherwise, too: see recognise.
var codecs = []codec{
	{codecZstd, "\x28\xb5\x2f\xfd", []string{".zst", ".zstd"}, (*workspace).openZstd, zstdFormat},
	{codecGzip, "\x1f\x8b", []string{".gz"}, (*workspace).openGzip, always(Format{Checksums: true, Cuts: CutsInside})},
	{codecXZ, xzMagic, []string{".xz"}, (*workspace).openXZ, xzFormat},
	{codecLZMA, "\x5d\x00\x00", []string{".lzma"}, (*workspace).openLZMA, always(Format{Cuts: CutsAll})},
	{codecBzip2, "BZh?1AY&SY", []string{".bz2"}, (*workspace).openBzip2, always(Format{Checksums: true, Cuts: CutsInside})},
	{codecBzip2, "BZh?\x17\x72\x45\x38\x50\x90", nil, (*workspace).openBzip2, always(Format{Checksums: true, Cuts: CutsInside})}, // of nothing
	{codecLZ4, "\x04\x22\x4d\x18", []string{".lz4"}, (*workspace).openLZ4, lz4Format},
	{codecLZ4, lz4Legacy, nil, refuse(errLegacyLZ4), always(Format{})},
	{codecSnappy, snappyMagic, []string{".sz", ".snappy"}, (*workspace).openSnappy, always(snappyFormat)},
	{codecS2, s2Magic, []string{".s2"}, (*workspace).openSnappy, always(snappyFormat)},
}

// unread are extensions of compressed files and archives that no codec here reads. A file with such a name is damaged unless it
// is of another codec, for taken as plain it would be lines of noise.
var unread = []string{".br", ".lz", ".lzo", ".Z", ".zip", ".7z", ".rar", ".tar", ".tgz"}

func always(f Format) func([]byte) Format { return func([]byte) Format { return f } }

func refuse(err error) func(*workspace) (source, error) {
	return func(*workspace) (source, error) { return nil, err }
}

// A source is the decoded bytes of one file.
type source interface {
	// next appends at least one decoded byte to buf, which it may move, and returns it. At the end it returns buf as it was
	// and io.EOF, but only when the file is known to be whole.
	next(buf []byte) ([]byte, error)
}

const (
	// headSize is how much of a file is enough to know its format, unless skippable frames come first.
	headSize = 32

	// maxLookahead is how far skippable frames are passed over to see what they precede.
	maxLookahead = 64 << 10
)

// recognise tells the codec of the file that begin was called with, nil if it is plain, and its format.
func (w *workspace) recognise() (*codec, Format) {
	// zstd and lz4 share the frames to be skipped, which may come first. They alone are taken for zstd.
	skip := 0
	for w.in.need(skip+8) && isSkippable(w.in.rest()[skip:]) {
		n := uint64(skip) + 8 + uint64(binary.LittleEndian.Uint32(w.in.rest()[skip+4:]))
		if n > maxLookahead || !w.in.need(int(n)) {
			break
		}
		if skip == 0 && isPromise(w.in.rest()) {
			return &codecs[0], ownFormat
		}
		skip = int(n)
	}
	w.in.need(skip + headSize) // fewer may do: the file is shorter
	head := w.in.rest()[skip:]
	for i := range codecs {
		c := &codecs[i]
		if hasMagic(head, c.magic) && (skip == 0 || c.name == codecZstd || c.name == codecLZ4) {
			f := c.format(head)
			f.Codec = c.name
			return c, f
		}
	}
	if skip > 0 || isSkippable(head) {
		return &codecs[0], Format{Codec: codecZstd, Cuts: CutsInside}
	}
	return nil, Format{Codec: codecPlain}
}

func hasMagic(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// claimed is the codec that the name of a file promises: codecPlain if none, the extension if it is one that is not read.
func claimed(name string) string {
	ext := path.Ext(name)
	for _, c := range codecs {
		if slices.Contains(c.exts, ext) {
			return c.name
		}
	}
	if slices.Contains(unread, ext) {
		return ext
	}
	return codecPlain
}

// open makes a source of the file that begin was called with.
func (w *workspace) open(name string) (source, Format, error) {
	c, format := w.recognise()
	if c != nil {
		src, err := c.open(w)
		return src, format, notEOF(err)
	}
	switch want := claimed(name); {
	case want == codecPlain:
		return &streamSource{r: &w.in}, format, nil
	case len(w.in.rest()) == 0:
		return nil, format, errors.New("file is empty, but its name claims " + want)
	default:
		return nil, format, fmt.Errorf("content is of no known codec, but its name claims %s", want)
	}
}
