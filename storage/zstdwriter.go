package storage

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	linesText = "mrlines1"
	openFrame = 1 << 31 // flag of a frame that does not end where a line ends
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// An encoder is what it takes to write a frame, with a buffer for it.
type encoder struct {
	*zstd.Encoder
	out []byte
}

// encoders keeps encoders for the next frame. EncodeAll with concurrency 1 starts no goroutine, so that one that is dropped
// needs no Close.
var encoders = sync.Pool{New: func() any {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true), zstd.WithZeroFrames(true),
		zstd.WithWindowSize(frameSize), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return &encoder{Encoder: enc}
}}

// zstdWriter writes a seekable file; FORMAT.md has the bytes. It holds the content of a frame at a time.
type zstdWriter struct {
	w      io.Writer
	raw    []byte // content of the next frame
	long   int    // how much of raw has been found to have no line end
	table  []byte // entries of the seek table
	lines  []byte // entries of the line table
	stored int64
}

func newZstdWriter(w io.Writer) *zstdWriter { return &zstdWriter{w: w} }

func (z *zstdWriter) Write(p []byte) (int, error) {
	for n := len(p); ; {
		if len(z.raw)+len(p) <= frameSize {
			z.raw = append(z.raw, p...)
			return n, nil
		}
		// A frame ends at the last line end that lets it be no larger than frameSize, else at the first.
		if cut := bytes.LastIndexByte(p[:max(0, frameSize-len(z.raw))], '\n') + 1; cut > 0 {
			z.raw, p = append(z.raw, p[:cut]...), p[cut:]
		} else if end := bytes.LastIndexByte(z.raw[z.long:], '\n') + 1; end > 0 {
			end += z.long
			rest := z.raw[end:]
			if err := z.frame(z.raw[:end]); err != nil {
				return 0, err
			}
			z.raw, z.long = append(z.raw[:0], rest...), len(rest)
			continue
		} else {
			cut := bytes.IndexByte(p, '\n') + 1
			if cut == 0 {
				cut = len(p)
			}
			cut = min(cut, maxFrame-len(z.raw))
			z.raw, p = append(z.raw, p[:cut]...), p[cut:]
			if z.raw[len(z.raw)-1] != '\n' && len(z.raw) < maxFrame {
				z.long = len(z.raw)
				return n, nil // all of p is in a line that has not ended
			}
		}
		if err := z.frame(z.raw); err != nil {
			return 0, err
		}
		z.raw, z.long = z.raw[:0], 0
		if cap(z.raw) > 4*frameSize {
			z.raw = nil // lines of many megabytes are rare
		}
	}
}

// begin writes the frame that promises a seek table.
func (z *zstdWriter) begin() error {
	if z.stored > 0 {
		return nil
	}
	return z.flush(appendSkippable(nil, ownMagic, []byte(promiseText)), 0, emptySum)
}

// frame writes a frame with this content.
func (z *zstdWriter) frame(content []byte) error {
	if err := z.begin(); err != nil {
		return err
	}
	enc := encoders.Get().(*encoder)
	defer encoders.Put(enc)
	enc.out = enc.EncodeAll(content, enc.out[:0])
	lines := uint32(bytes.Count(content, []byte{'\n'}))
	if content[len(content)-1] != '\n' {
		lines |= openFrame
	}
	z.lines = binary.LittleEndian.AppendUint32(z.lines, lines)
	return z.flush(enc.out, len(content), binary.LittleEndian.Uint32(enc.out[len(enc.out)-4:]))
}

// release writes what has been gathered for the next frame and gives back its memory. It may be called between two lines.
func (z *zstdWriter) release() error {
	if len(z.raw) == 0 {
		return nil
	}
	err := z.frame(z.raw)
	z.raw, z.long = nil, 0
	return err
}

// flush writes a whole frame and its entry.
func (z *zstdWriter) flush(frame []byte, size int, sum uint32) error {
	z.table = binary.LittleEndian.AppendUint32(z.table, uint32(len(frame)))
	z.table = binary.LittleEndian.AppendUint32(z.table, uint32(size))
	z.table = binary.LittleEndian.AppendUint32(z.table, sum)
	z.stored += int64(len(frame))
	_, err := z.w.Write(frame)
	return err
}

// Close writes what is left, the line table and the seek table.
func (z *zstdWriter) Close() error {
	if err := z.begin(); err != nil {
		return err
	}
	if len(z.raw) > 0 {
		if err := z.frame(z.raw); err != nil {
			return err
		}
	}
	if err := z.flush(appendSkippable(nil, ownMagic, appendLineTable(nil, z.lines)), 0, emptySum); err != nil {
		return err
	}
	n := len(z.table) / 12
	z.table = binary.LittleEndian.AppendUint32(z.table, uint32(n))
	z.table = append(z.table, 0x80) // entries have checksums
	z.table = binary.LittleEndian.AppendUint32(z.table, tableEnd)
	_, err := z.w.Write(appendSkippable(nil, tableMagic, z.table))
	return err
}

func appendSkippable(dst []byte, magic uint32, content []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(content)))
	return append(dst, content...)
}

// appendLineTable appends the content of the line table: its name, an entry of four bytes for each frame with content, and
// the CRC-32C of both.
func appendLineTable(dst, entries []byte) []byte {
	dst = append(append(dst, linesText...), entries...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

// parseLineTable returns the entries in the content of a line table; ok is false if it is none or damaged.
func parseLineTable(b []byte) (entries []byte, ok bool) {
	n := len(b) - 4
	if n < len(linesText) || (n-len(linesText))%4 != 0 || string(b[:len(linesText)]) != linesText ||
		crc32.Checksum(b[:n], castagnoli) != binary.LittleEndian.Uint32(b[n:]) {
		return nil, false
	}
	return b[len(linesText):n], true
}
