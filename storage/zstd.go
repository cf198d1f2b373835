package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	zstdMagic  = 0xFD2FB528
	skipMagic  = 0x184D2A50 // the lowest four bits are free
	ownMagic   = 0x184D2A5A // frames of this package
	tableMagic = 0x184D2A5E // seek table of the seekable format
	tableEnd   = 0x8F92EAB1 // its last four bytes

	promiseText = "mrframe1"

	// frameSize is what the writer puts into a frame: decoding is as fast as with larger ones, the ratio is lower by
	// half a percent, and a reader needs a quarter of the memory.
	frameSize = 1 << 20

	// maxFrame is the decoded size up to which a frame is decoded in one piece.
	maxFrame = 8 << 20

	// maxTable is the largest seek table that is read: more than a million frames.
	maxTable = 16 << 20
)

var (
	errNoTable   = errors.New("the seek table that the file promises is missing: the file is cut short")
	errTable     = errors.New("the seek table is not that of the frames before it")
	errTruncated = io.ErrUnexpectedEOF
)

// ownFormat is that of the files written here.
var ownFormat = Format{Codec: codecZstd, Checksums: true, Cuts: CutsAll, Verified: true}

// isSkippable reports whether b, of 8 bytes at least, begins with a frame that holds no content.
func isSkippable(b []byte) bool {
	return len(b) >= 8 && binary.LittleEndian.Uint32(b)&^0xf == skipMagic
}

// isPromise reports whether b begins with the frame that begins files written here.
func isPromise(b []byte) bool {
	return bytes.HasPrefix(b, appendSkippable(nil, ownMagic, []byte(promiseText)))
}

// zstdFormat is that of a foreign file.
func zstdFormat(head []byte) Format {
	f := Format{Cuts: CutsInside}
	var h zstd.Header
	if err := h.Decode(head); err == nil { // else reading finds out
		f.Checksums = h.HasCheckSum
		f.Verified = h.HasCheckSum && h.HasFCS && h.FrameContentSize <= maxFrame
	}
	return f
}

// zstdSource reads a zstd file frame by frame. The state of a file is a few words: what the seek table has to say in the
// end is kept as two digests of the frames seen.
type zstdSource struct {
	ws       *workspace
	first    bool // no frame seen yet
	some     bool // frames with content, be it nothing: what zstd writes of nothing has one
	promised bool
	lines    bool // the last frame was a line table
	table    bool // the last frame was a seek table
	frames   int  // before the current one
	all      digest
	content  digest // frames that hold bytes, without their checksums
	frame    frameReader
	inFrame  bool  // a frame is being streamed
	decoded  int64 // bytes of it so far
	window   int64 // the largest that the stream decoder has seen
	part     bool  // the input is a part of a file: there is no table to compare with, but
	want     int64 // this many bytes of content are left to come
}

func (w *workspace) openZstd() (source, error) {
	z := &w.zstd
	*z = zstdSource{ws: w, first: true}
	z.all.h.SetSeed(tableSeed)
	z.content.h.SetSeed(tableSeed)
	return z, nil
}

func (z *zstdSource) next(buf []byte) ([]byte, error) {
	in := &z.ws.in
	for {
		if z.inFrame {
			grown, err := z.stream(buf)
			if len(grown) > len(buf) || err != nil {
				return grown, err
			}
			continue
		}
		if !in.need(1) {
			if in.err != io.EOF {
				return buf, in.err
			}
			if z.promised && !z.table {
				return buf, errNoTable
			}
			if z.part && z.want != 0 {
				return buf, errTable
			}
			if !z.part && !z.promised && !z.some {
				return buf, errTruncated
			}
			return buf, io.EOF
		}
		if !in.need(8) { // no frame is shorter than that
			return buf, in.short()
		}
		if z.table && z.promised {
			return buf, errors.New("data after the seek table")
		}
		if z.lines && binary.LittleEndian.Uint32(in.rest()) != tableMagic {
			return buf, errTable
		}
		z.table = false
		var err error
		n := len(buf)
		switch magic := binary.LittleEndian.Uint32(in.rest()); {
		case magic == zstdMagic:
			z.some = true
			buf, err = z.contentFrame(buf)
		case magic&^0xf == skipMagic:
			err = z.skippable(magic, binary.LittleEndian.Uint32(in.rest()[4:]))
		default:
			err = errors.New("data that is no zstd frame")
		}
		z.first = false
		if err != nil || len(buf) > n {
			return buf, err
		}
	}
}

// contentFrame decodes the frame that the input begins with, or begins to stream it.
func (z *zstdSource) contentFrame(buf []byte) ([]byte, error) {
	in := &z.ws.in
	h, err := z.header()
	if err != nil {
		return buf, err
	}
	z.ws.unchecked = z.ws.unchecked || !h.checksum
	if !h.known || h.size > maxFrame {
		return buf, z.beginStream(h)
	}
	// The headers of the blocks tell where the frame ends. Three bytes a block are all that a frame adds to its content.
	n, last := h.length, false
	for limit := h.length + int(h.size) + int(h.size)/64 + 64<<10; !last; {
		if !in.need(n + 3) {
			return buf, in.short()
		}
		var size int
		if size, last, err = blockHeader(in.rest()[n:]); err != nil {
			return buf, err
		}
		if n += 3 + size; n > limit {
			return buf, z.beginStream(h) // blocks without content: legal, but nothing to hold in memory
		}
	}
	if h.checksum {
		n += 4
	}
	if !in.need(n) {
		return buf, in.short()
	}
	// The decoder is fast while a whole block fits, whatever the size of the last one.
	buf = room(buf, int(h.size)+128<<10+64)
	if z.ws.frames == nil {
		z.ws.frames, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return buf, err
		}
	}
	frame := in.rest()[:n]
	out, err := z.ws.frames.DecodeAll(frame, buf)
	if err != nil {
		return buf, notEOF(err)
	}
	in.pos += n
	z.seen(frame, int64(len(out)-len(buf)), h.checksum)
	return out, nil
}

// seen notes a decoded frame for the comparison with the seek table.
func (z *zstdSource) seen(frame []byte, size int64, checksum bool) {
	var sum uint32
	if checksum {
		sum = binary.LittleEndian.Uint32(frame[len(frame)-4:])
	}
	z.note(int64(len(frame)), size, sum)
}

func (z *zstdSource) note(stored, size int64, sum uint32) {
	z.frames++
	z.want -= size
	z.all.add(stored, size, sum)
	if size > 0 {
		z.content.add(stored, size, 0)
	}
}

// notEOF keeps an end that the decoder did not expect apart from the end of the file.
func notEOF(err error) error {
	if err == io.EOF {
		return errTruncated
	}
	return err
}

type frameHeader struct {
	length   int   // of the header itself
	window   int64 // the history that decoding it needs
	size     int64 // of the content, if known
	known    bool
	checksum bool
}

func (z *zstdSource) header() (frameHeader, error) {
	in := &z.ws.in
	in.need(zstd.HeaderMaxSize) // fewer may do
	var h zstd.Header
	if err := h.Decode(in.rest()); err != nil {
		if err == io.ErrUnexpectedEOF {
			return frameHeader{}, in.short()
		}
		return frameHeader{}, err
	}
	f := frameHeader{length: h.HeaderSize, known: h.HasFCS, checksum: h.HasCheckSum}
	if h.HasFCS {
		f.size = int64(min(h.FrameContentSize, 1<<62))
	}
	f.window = int64(min(h.WindowSize, 1<<62))
	if h.SingleSegment {
		f.window = f.size
	}
	return f, nil
}

// blockHeader returns how many bytes follow the three of the header.
func blockHeader(b []byte) (size int, last bool, err error) {
	h := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	size, last = int(h>>3), h&1 != 0
	switch h >> 1 & 3 {
	case 1: // one byte, many times
		if size > 128<<10 {
			return 0, false, errors.New("block larger than 128 KiB")
		}
		size = 1
	case 3:
		return 0, false, errors.New("block of a reserved type")
	default:
		if size > 128<<10 {
			return 0, false, errors.New("block larger than 128 KiB")
		}
	}
	return size, last, nil
}

// beginStream makes the next calls decode the frame in chunks.
func (z *zstdSource) beginStream(h frameHeader) error {
	if err := z.ws.checkWindow(codecZstd, h.window); err != nil {
		return err
	}
	if z.ws.stream == nil {
		var err error
		z.ws.stream, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecodeBuffersBelow(0))
		if err != nil {
			return err
		}
	}
	z.ws.unverified = true
	z.inFrame, z.decoded, z.window = true, 0, max(z.window, h.window)
	z.frame = frameReader{in: &z.ws.in, start: z.ws.in.offset(), left: h.length, checksum: h.checksum}
	return z.ws.stream.Reset(&z.frame)
}

func (z *zstdSource) stream(buf []byte) ([]byte, error) {
	buf = room(buf, chunkSize)
	n, err := z.ws.stream.Read(buf[len(buf) : len(buf)+chunkSize])
	z.decoded += int64(n)
	if err == nil || (err == io.EOF && n > 0) {
		return buf[:len(buf)+n], nil
	}
	if err != io.EOF {
		if in := &z.ws.in; in.err != nil && in.err != io.EOF {
			err = in.err
		}
		return buf, err
	}
	if !z.frame.done || z.frame.left > 0 {
		return buf, z.ws.in.short()
	}
	z.inFrame = false
	z.note(z.ws.in.offset()-z.frame.start, z.decoded, binary.LittleEndian.Uint32(z.frame.tail[:]))
	return buf, z.ws.stream.Reset(nil)
}

// skippable passes over a frame that holds no content: the promise, the seek table or somebody else's.
func (z *zstdSource) skippable(magic, size uint32) error {
	in := &z.ws.in
	switch {
	case z.part:
	case magic == tableMagic && (z.promised || size <= maxTable):
		return z.seekTable(size)
	case magic == ownMagic && z.first && size == uint32(len(promiseText)) && in.need(8+len(promiseText)):
		z.promised = string(in.rest()[8:8+len(promiseText)]) == promiseText
	case z.promised: // the line table is the only other frame without content
		if magic != ownMagic || size > maxTable {
			return errTable
		}
		if !in.need(8 + int(size)) {
			return in.short()
		}
		entries, ok := parseLineTable(in.rest()[8 : 8+size])
		if !ok || len(entries)/4 != z.frames-1 {
			return errTable
		}
		z.lines = true
	}
	if !in.skip(8 + int64(size)) {
		return in.short()
	}
	z.note(8+int64(size), 0, emptySum)
	return nil
}

// seekTable compares a seek table with the frames before it. A frame of that name which is no table is passed over, unless
// the file promises one.
func (z *zstdSource) seekTable(size uint32) error {
	in := &z.ws.in
	if size > maxTable {
		return fmt.Errorf("seek table of %d bytes is larger than %d", size, maxTable)
	}
	if !in.need(8 + int(size)) {
		return in.short()
	}
	t, err := parseSeekTable(in.rest()[8 : 8+size])
	if err != nil {
		if z.promised {
			return err
		}
		in.pos += 8 + int(size)
		z.note(8+int64(size), 0, emptySum)
		return nil
	}
	var all, content digest
	all.h.SetSeed(tableSeed)
	content.h.SetSeed(tableSeed)
	for i := range t.len() {
		stored, decoded, sum := t.entry(i)
		all.add(int64(stored), int64(decoded), sum)
		if decoded > 0 {
			content.add(int64(stored), int64(decoded), 0)
		}
	}
	// A foreign table may leave out frames without content, or the checksums.
	if content.sum() != z.content.sum() || z.promised && (!z.lines || !t.checksums || all.sum() != z.all.sum()) {
		return errTable
	}
	in.pos += 8 + int(size)
	z.table = true
	return nil
}
