package storage

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// The container of xz files, by the specification "The .xz File Format" 1.2.1. It is read here, and only what the blocks hold
// by a package, so that each block's dictionary is looked at before memory is allocated for it, and each end of a file that
// is not the end of a stream is found.

const (
	xzMagic = "\xfd7zXZ\x00"

	// xzLZMA2 is the only filter that is read.
	xzLZMA2 = 0x21
)

var (
	errXZHeader  = errors.New("xz: header damaged")
	errXZIndex   = errors.New("xz: index is not that of the blocks before it")
	errXZContent = errors.New("xz: content is not that of its check")
	errXZPadding = errors.New("xz: data where padding belongs")
)

// xzCheck is a way to check the content of blocks.
type xzCheck struct {
	size int
	make func() hash.Hash // nil: there is none, or it is not known
}

// xzChecks has a size for each kind of check that there may be.
var xzChecks = func() (checks [16]xzCheck) {
	for i := range checks {
		checks[i].size = []int{0, 4, 8, 16, 32, 64}[(i+2)/3]
	}
	checks[1].make = func() hash.Hash { return crc32.NewIEEE() }
	checks[4].make = func() hash.Hash { return crc64.New(crc64.MakeTable(crc64.ECMA)) }
	checks[10].make = func() hash.Hash { return sha256.New() }
	return checks
}()

func xzFormat(head []byte) Format {
	return Format{Checksums: len(head) > 7 && xzChecks[head[7]&15].make != nil, Cuts: CutsInside}
}

// xzReader gives the content of the streams of an xz file.
type xzReader struct {
	ws     *workspace
	in     *bufio.Reader
	pos    int64 // bytes read of in
	flags  byte  // of the stream: its kind of check
	stream bool  // in a stream
	blocks int64 // of it so far
	sizes  digest

	block *lzma.Reader2 // nil between blocks
	check hash.Hash     // of its content; may be nil
	xzBlock
}

// xzBlock is what a block says of itself. A size is -1 if it says nothing.
type xzBlock struct {
	start            int64 // of the block
	size             int64 // of the header
	packed, unpacked int64
	dictionary       int64
	given            int64 // bytes of content so far
}

func (w *workspace) openXZ() (source, error) {
	return &streamSource{r: &xzReader{ws: w, in: w.buffered(&w.in)}}, nil
}

func (x *xzReader) Read(p []byte) (int, error) {
	for {
		if x.block != nil {
			n, err := x.block.Read(p)
			x.given += int64(n)
			if x.check != nil {
				_, _ = x.check.Write(p[:n]) // never fails
			}
			if n > 0 || err == nil {
				return n, nil
			}
			if err != io.EOF {
				return 0, err
			}
			if !x.block.EOS() {
				return 0, errTruncated
			}
			if err := x.endBlock(); err != nil {
				return 0, notEOF(err)
			}
			continue
		}
		if !x.stream {
			if err := x.beginStream(); err != nil {
				return 0, err
			}
		}
		size, err := x.ReadByte()
		if err == nil && size == 0 {
			err = x.endStream()
		} else if err == nil {
			err = x.beginBlock(size)
		}
		if err != nil {
			return 0, notEOF(err)
		}
	}
}

// ReadByte makes x what binary.ReadUvarint reads from.
func (x *xzReader) ReadByte() (byte, error) {
	b, err := x.in.ReadByte()
	if err == nil {
		x.pos++
	}
	return b, err
}

// bytes returns the next n bytes.
func (x *xzReader) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(&counted{x}, b)
	return b, err
}

// counted is the input of the decoder of a block.
type counted struct{ x *xzReader }

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.x.in.Read(p)
	c.x.pos += int64(n)
	return n, err
}

// beginStream reads the header of a stream. It returns io.EOF at the end of the file, which may have padding of four bytes.
func (x *xzReader) beginStream() error {
	for {
		first, err := x.in.Peek(4)
		if len(first) == 0 {
			return err
		}
		if len(first) < 4 || !bytes.Equal(first, make([]byte, 4)) || x.pos == 0 {
			break
		}
		_, _ = x.in.Discard(4) // which were there
		x.pos += 4
	}
	b, err := x.bytes(12)
	if err != nil {
		return notEOF(err)
	}
	if string(b[:6]) != xzMagic {
		return errors.New("xz: data after the end of the stream")
	}
	if crc32.ChecksumIEEE(b[6:8]) != binary.LittleEndian.Uint32(b[8:]) || b[6] != 0 || b[7] > 15 {
		return errXZHeader
	}
	x.flags, x.stream, x.blocks = b[7], true, 0
	x.ws.unchecked = x.ws.unchecked || xzChecks[x.flags].make == nil
	x.sizes = digest{}
	x.sizes.h.SetSeed(tableSeed)
	return nil
}

// beginBlock reads the header of a block behind its first byte.
func (x *xzReader) beginBlock(size byte) error {
	x.xzBlock = xzBlock{start: x.pos - 1, size: (int64(size) + 1) * 4, packed: -1, unpacked: -1}
	rest, err := x.bytes(int(x.size) - 1)
	if err != nil {
		return err
	}
	all := append([]byte{size}, rest...)
	body, sum := all[:len(all)-4], all[len(all)-4:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return errXZHeader
	}
	if err := x.parse(body[1:]); err != nil {
		return err
	}
	if x.dictionary > maxWindow {
		return fmt.Errorf("xz: dictionary of %d bytes is larger than %d", x.dictionary, maxWindow)
	}
	if x.unpacked >= 0 {
		x.dictionary = min(x.dictionary, x.unpacked) // what comes in one piece needs no more
	}
	if err := x.ws.checkWindow(codecXZ, x.dictionary); err != nil {
		return err
	}
	x.check = nil
	if newCheck := xzChecks[x.flags].make; newCheck != nil {
		x.check = newCheck()
	}
	x.block, err = lzma.Reader2Config{DictCap: int(max(x.dictionary, lzma.MinDictCap))}.NewReader2(&counted{x})
	return err
}

// parse reads the flags of a block, up to two sizes as they say, and one filter.
func (h *xzBlock) parse(b []byte) error {
	flags, r := b[0], bytes.NewReader(b[1:])
	if flags&^0xc0 != 0 {
		return errors.New("xz: filters other than LZMA2 are not read")
	}
	for _, field := range []struct {
		flag byte
		to   *int64
	}{{0x40, &h.packed}, {0x80, &h.unpacked}} {
		if flags&field.flag != 0 {
			n, err := binary.ReadUvarint(r)
			if err != nil || n > 1<<62 {
				return errXZHeader
			}
			*field.to = int64(n)
		}
	}
	var filter [3]byte // which one, one byte of properties, which is the size of the dictionary
	if _, err := io.ReadFull(r, filter[:]); err != nil {
		return errXZHeader
	}
	if filter[0] != xzLZMA2 || filter[1] != 1 {
		return errors.New("xz: filters other than LZMA2 are not read")
	}
	var err error
	h.dictionary, err = lzma.DecodeDictCap(filter[2])
	return err
}

// endBlock reads what follows the data of a block, and notes its sizes for the index.
func (x *xzReader) endBlock() error {
	packed := x.pos - x.start - x.size
	if x.packed >= 0 && x.packed != packed || x.unpacked >= 0 && x.unpacked != x.given {
		return errXZHeader
	}
	if err := x.padding(packed); err != nil {
		return err
	}
	kind := xzChecks[x.flags]
	sum, err := x.bytes(kind.size)
	if err != nil {
		return err
	}
	if x.check != nil {
		want := x.check.Sum(nil)
		if kind.size < sha256.Size { // numbers, the lowest byte first
			slices.Reverse(want)
		}
		if !bytes.Equal(sum, want) {
			return errXZContent
		}
	}
	x.blocks++
	x.sizes.add(x.size+packed+int64(kind.size), x.given, 0)
	x.block = nil
	return nil
}

// padding reads the zeros that follow n bytes up to the next multiple of four.
func (x *xzReader) padding(n int64) error {
	b, err := x.bytes(int(-n & 3))
	if err == nil && len(bytes.Trim(b, "\x00")) > 0 {
		return errXZPadding
	}
	return err
}

// endStream reads the index behind its first byte, and the footer.
func (x *xzReader) endStream() error {
	start := x.pos - 1
	sum := crc32.NewIEEE()
	_, _ = sum.Write([]byte{0}) // never fails
	r := &summing{x, sum}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return err
	}
	if n != uint64(x.blocks) {
		return errXZIndex
	}
	var sizes digest
	sizes.h.SetSeed(tableSeed)
	for range n {
		stored, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		content, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		sizes.add(int64(stored), int64(content), 0)
	}
	if sizes.sum() != x.sizes.sum() {
		return errXZIndex
	}
	zeros := -(x.pos - start) & 3
	if err := x.padding(-zeros); err != nil {
		return err
	}
	_, _ = sum.Write(make([]byte, zeros)) // never fails
	index := x.pos - start
	b, err := x.bytes(4 + 12) // of the index, and the footer
	if err != nil {
		return err
	}
	foot := b[4:]
	if binary.LittleEndian.Uint32(b) != sum.Sum32() || crc32.ChecksumIEEE(foot[4:10]) != binary.LittleEndian.Uint32(foot) ||
		int64(binary.LittleEndian.Uint32(foot[4:]))*4 != index || // what is written there is one less, and the sum counts
		foot[8] != 0 || foot[9] != x.flags || string(foot[10:]) != "YZ" {
		return errXZIndex
	}
	x.stream = false
	return nil
}

// summing reads bytes of an index.
type summing struct {
	x   *xzReader
	sum hash.Hash32
}

func (s *summing) ReadByte() (byte, error) {
	b, err := s.x.ReadByte()
	if err == nil {
		_, _ = s.sum.Write([]byte{b}) // never fails
	}
	return b, err
}
