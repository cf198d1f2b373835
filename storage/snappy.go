package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"

	"github.com/klauspost/compress/s2"
)

// The framing format of snappy ("framing_format.txt"), which s2 shares. A chunk is a kind (1 byte), a size (3) and data. A
// stream begins with an identifier; data chunks begin with a checksum (4), the CRC-32C of the content, rotated and moved.

const (
	snappyMagic = "\xff\x06\x00\x00sNaPpY"
	s2Magic     = "\xff\x06\x00\x00S2sTwO"

	snappyPacked  = 0x00
	snappyStored  = 0x01
	snappyIndex   = 0x99 // of s2
	snappyPadding = 0xfe
	snappyStream  = 0xff

	snappyBlock = 64 << 10 // the largest content of a chunk
	s2Block     = 4 << 20
)

var snappyFormat = Format{Checksums: true, Cuts: CutsInside, Verified: true}

// snappySource reads a file in the framing format chunk by chunk.
type snappySource struct {
	in    *input
	block int // the largest content of a chunk in this stream
}

func (w *workspace) openSnappy() (source, error) { return &snappySource{in: &w.in}, nil }

func (z *snappySource) next(buf []byte) ([]byte, error) {
	n := len(buf)
	for {
		if !z.in.need(1) {
			return buf, z.in.err
		}
		if !z.in.need(4) {
			return buf, z.in.short()
		}
		head := binary.LittleEndian.Uint32(z.in.rest())
		var err error
		switch kind, size := byte(head), int(head>>8); {
		case kind == snappyPacked || kind == snappyStored:
			buf, err = z.data(buf, kind, size)
		case kind == snappyStream:
			err = z.stream()
		case kind == snappyIndex || kind == snappyPadding:
			if !z.in.skip(4 + int64(size)) {
				err = z.in.short()
			}
		default: // those from 0x80 on may be passed over, but then a changed bit would make content vanish
			err = fmt.Errorf("snappy: a chunk of kind %#x, which is not known", kind)
		}
		if err != nil || len(buf) > n {
			return buf, err
		}
	}
}

// stream reads an identifier.
func (z *snappySource) stream() error {
	if !z.in.need(len(snappyMagic)) {
		return z.in.short()
	}
	switch string(z.in.rest()[:len(snappyMagic)]) {
	case snappyMagic:
		z.block = snappyBlock
	case s2Magic:
		z.block = s2Block
	default:
		return errors.New("snappy: a stream of another kind")
	}
	z.in.pos += len(snappyMagic)
	return nil
}

// data appends the content of a chunk to buf.
func (z *snappySource) data(buf []byte, kind byte, size int) ([]byte, error) {
	if size < 4 || size > 4+s2.MaxEncodedLen(z.block) {
		return buf, fmt.Errorf("snappy: chunk of %d bytes", size)
	}
	if !z.in.need(4 + size) {
		return buf, z.in.short()
	}
	data := z.in.rest()[4 : 4+size]
	sum, data := binary.LittleEndian.Uint32(data), data[4:]
	n := len(data)
	if kind == snappyPacked {
		var err error
		if n, err = s2.DecodedLen(data); err != nil {
			return buf, err
		}
	}
	if n > z.block {
		return buf, fmt.Errorf("snappy: chunk with %d bytes of content", n)
	}
	old := len(buf)
	buf = room(buf, n)
	content := buf[old : old+n]
	if kind == snappyStored {
		copy(content, data)
	} else if _, err := s2.Decode(content, data); err != nil {
		return buf, err
	}
	if bits.RotateLeft32(crc32.Checksum(content, castagnoli), -15)+0xa282ead8 != sum {
		return buf, errors.New("snappy: content is not that of its checksum")
	}
	z.in.pos += 4 + size
	return buf[:old+n], nil
}
