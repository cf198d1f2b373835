package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// lz4 frames, by the specification "LZ4 Frame Format" 1.6.4:
//
//	magic          4
//	flags          1  version 01; blocks independent; block checksums; content size; content checksum; 0; dictionary
//	block size     1  in bits 4 to 6: 4 is 64 KiB, and four times as much for each more
//	content size   8  if the flags say so
//	dictionary     4  if the flags say so
//	checksum       1  of what stands between the magic and this
//	blocks            size (4, its highest bit: stored as it is), data, checksum (4) if the flags say so
//	end            4  zero
//	checksum       4  of the content, if the flags say so
//
// All checksums are XXH32 with seed 0; of the first, the second byte.

const (
	lz4Magic  = 0x184D2204
	lz4Legacy = "\x02\x21\x4c\x18"

	lz4Independent   = 1 << 5
	lz4BlockSums     = 1 << 4
	lz4ContentSize   = 1 << 3
	lz4ContentSum    = 1 << 2
	lz4Reserved      = 1 << 1
	lz4Dictionary    = 1 << 0
	lz4Stored        = 1 << 31
	lz4History       = 64 << 10 // how far back a match may be
	lz4HeaderMaxSize = 4 + 2 + 8 + 4 + 1
)

var (
	errLZ4Header  = errors.New("lz4: frame header damaged")
	errLZ4Content = errors.New("lz4: content is not that of its checksum")
	errLegacyLZ4  = errors.New("lz4: a frame of the legacy format, in which neither changes nor cuts can be noticed: pack it again, by lz4 -d and lz4")
)

// lz4Format: a checksum of a block says nothing of the words around it, so only that of the content counts.
func lz4Format(head []byte) Format {
	return Format{Cuts: CutsInside, Checksums: len(head) > 4 && head[4]&lz4ContentSum != 0}
}

// lz4Source reads a file of lz4 frames block by block.
type lz4Source struct {
	ws      *workspace
	in      *input
	inFrame bool
	flags   byte
	block   int    // size of the largest block
	want    uint64 // content size, if the flags say that there is one
	got     uint64
	sum     xxh32
	history []byte // the last of the frame's content, if blocks depend on it
}

func (w *workspace) openLZ4() (source, error) {
	return &lz4Source{ws: w, in: &w.in}, nil
}

func (z *lz4Source) next(buf []byte) ([]byte, error) {
	n := len(buf)
	for {
		var err error
		switch {
		case z.inFrame:
			buf, err = z.nextBlock(buf)
		case z.in.need(1):
			err = z.nextFrame()
		default:
			return buf, z.in.err
		}
		if err != nil || len(buf) > n {
			return buf, err
		}
	}
}

// number uses up a number of four bytes.
func (z *lz4Source) number() (uint32, error) {
	if !z.in.need(4) {
		return 0, z.in.short()
	}
	n := binary.LittleEndian.Uint32(z.in.rest())
	z.in.pos += 4
	return n, nil
}

// nextFrame reads the header of a frame, or passes over one to be skipped.
func (z *lz4Source) nextFrame() error {
	magic, err := z.number()
	if err != nil {
		return err
	}
	if magic&^0xf == skipMagic {
		size, err := z.number()
		if err == nil && !z.in.skip(int64(size)) {
			err = z.in.short()
		}
		return err
	}
	if magic == binary.LittleEndian.Uint32([]byte(lz4Legacy)) {
		return errLegacyLZ4
	}
	if magic != lz4Magic {
		return errors.New("lz4: data after the end of the frame")
	}
	z.in.need(lz4HeaderMaxSize - 4) // fewer may do
	head := z.in.rest()
	if len(head) < 2 {
		return z.in.short()
	}
	z.flags = head[0]
	z.ws.unchecked = z.ws.unchecked || z.flags&lz4ContentSum == 0
	n := 2
	if z.flags&lz4ContentSize != 0 {
		n += 8
	}
	if z.flags&lz4Dictionary != 0 {
		n += 4
	}
	if len(head) <= n {
		return z.in.short()
	}
	size := int(head[1] >> 4 & 7)
	if z.flags>>6 != 1 || z.flags&lz4Reserved != 0 || head[1]&^0x70 != 0 || size < 4 || byte(sumXXH32(head[:n])>>8) != head[n] {
		return errLZ4Header
	}
	if z.flags&lz4Dictionary != 0 {
		return errors.New("lz4: a frame that needs a dictionary is not read")
	}
	if z.flags&lz4ContentSize != 0 {
		z.want = binary.LittleEndian.Uint64(head[2:])
	}
	z.in.pos += n + 1
	z.inFrame, z.block, z.got, z.history = true, 64<<10<<(2*(size-4)), 0, z.history[:0]
	z.sum.reset()
	return nil
}

// nextBlock appends the content of a block to buf, nothing at the end of the frame.
func (z *lz4Source) nextBlock(buf []byte) ([]byte, error) {
	word, err := z.number()
	if err != nil {
		return buf, err
	}
	if word == 0 {
		return buf, z.endFrame()
	}
	size := int(word &^ lz4Stored)
	if size > z.block {
		return buf, fmt.Errorf("lz4: block of %d bytes in a frame of blocks of %d", size, z.block)
	}
	if !z.in.need(size) {
		return buf, z.in.short()
	}
	data := z.in.rest()[:size]
	old := len(buf)
	buf = room(buf, z.block)
	to := buf[old : old+z.block]
	if word&lz4Stored != 0 {
		copy(to, data)
	} else if size, err = lz4Block(to, data, z.history); err != nil {
		return buf[:old], err
	}
	content := to[:size]
	if z.flags&lz4BlockSums != 0 {
		sum := sumXXH32(data)
		z.in.pos += len(data)
		if want, err := z.number(); err != nil {
			return buf[:old], err
		} else if sum != want {
			return buf[:old], errLZ4Content
		}
	} else {
		z.in.pos += len(data)
	}
	z.got += uint64(size)
	if z.flags&lz4ContentSum != 0 {
		z.sum.write(content)
	}
	if z.flags&lz4Independent == 0 {
		z.history = append(z.history, content...)
		z.history = append(z.history[:0], z.history[max(0, len(z.history)-lz4History):]...)
	}
	return buf[:old+size], nil
}

func (z *lz4Source) endFrame() error {
	z.inFrame = false
	if z.flags&lz4ContentSum != 0 {
		if sum, err := z.number(); err != nil {
			return err
		} else if sum != z.sum.value() {
			return errLZ4Content
		}
	}
	if z.flags&lz4ContentSize != 0 && z.want != z.got {
		return fmt.Errorf("lz4: frame of %d bytes holds %d", z.want, z.got)
	}
	return nil
}
