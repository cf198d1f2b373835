// Package inflate decompresses gzip that lies in memory, as the payloads of submissions do.
//
// It is for the common case and makes no error messages: what is damaged, and what is unusual, is left to a reader of any
// gzip. Having all of the input and, from its last bytes, the size of the output, it needs no window and looks at eight bytes
// at a time.
package inflate

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// A Decoder decompresses. The zero value is ready. It is for one goroutine.
type Decoder struct {
	in   []byte // with what follows the compressed data, to look ahead
	pos  int    // of the first byte that is not in bits
	bits uint64 // the next bits, from the lowest; of those above n, some may be set
	n    uint   // how many they are

	out []byte // of the size that the output should have, and slack more
	end int    // of what there is

	lengths   [literals + distances]uint8 // of codes, by symbol
	preTable  [1 << preBits]uint32
	litTable  [litSize]uint32
	distTable [distSize]uint32
}

const (
	headSize = 10 // of gzip, in front, without options
	tailSize = 8  // behind: CRC-32 and size

	slack    = 64   // bytes that may be written behind the end of the output: the literals in the bits that there are
	maxRatio = 1032 // of DEFLATE: 258 bytes from two bits
)

// Gunzip decompresses data, one whole member of gzip, into the memory of dst, or into more if that is not enough. It is ok if
// the size and the CRC-32 at the end of data are those of the text. Else data is damaged, or is something unusual: it has
// options in front or more behind, or its text is larger than most.
func (d *Decoder) Gunzip(dst, data []byte, most int) (text []byte, ok bool) {
	if len(data) < headSize+tailSize || string(data[:4]) != "\x1f\x8b\x08\x00" {
		return dst, false
	}
	tail := data[len(data)-tailSize:]
	size := int64(binary.LittleEndian.Uint32(tail[4:]))
	if size > int64(most) || size > maxRatio*int64(len(data)) {
		return dst, false
	}
	d.in, d.pos, d.bits, d.n = data, headSize, 0, 0
	dst = slices.Grow(dst[:0], int(size)+slack)
	d.out, d.end = dst[:int(size)+slack], 0
	ok = d.blocks() && d.pos == len(data)-tailSize && d.end == int(size) &&
		crc32.ChecksumIEEE(d.out[:d.end]) == binary.LittleEndian.Uint32(tail)
	d.in, d.out = nil, nil
	return dst[:d.end], ok
}

// blocks decompresses all blocks. Then pos is the place behind them.
func (d *Decoder) blocks() bool {
	for last := false; !last; {
		if !d.fill() {
			return false
		}
		last = d.take(1) == 1
		var ok bool
		switch d.take(2) {
		case 0:
			ok = d.stored()
		case 1:
			d.fixed()
			ok = d.tables(literals, distances) && d.block()
		case 2:
			ok = d.dynamic() && d.block()
		}
		if !ok {
			return false
		}
	}
	d.align()
	return true
}

// fill makes sure that there are 56 bits at least. That there are not is a sign of damage: the tail follows the data.
func (d *Decoder) fill() bool {
	d.bits, d.n, d.pos = refill(d.bits, d.n, d.in, d.pos)
	return d.n >= 56
}

// refill adds whole bytes of in, from pos on, to n bits: until there are 56 at least, if there are as many.
func refill(bits uint64, n uint, in []byte, pos int) (uint64, uint, int) {
	if pos+8 > len(in) {
		return refillSlowly(bits, n, in, pos)
	}
	return bits | binary.LittleEndian.Uint64(in[pos:])<<(n&63), n | 56, pos + int(63-n)>>3
}

func refillSlowly(bits uint64, n uint, in []byte, pos int) (uint64, uint, int) {
	for ; n < 56 && pos < len(in); pos++ {
		bits |= uint64(in[pos]) << n
		n += 8
	}
	return bits, n, pos
}

// take takes bits that are there.
func (d *Decoder) take(n uint) uint {
	v := uint(d.bits & (1<<n - 1))
	d.bits >>= n
	d.n -= n
	return v
}

// align gives back the whole bytes in bits, and drops what is left of one that was begun.
func (d *Decoder) align() {
	d.pos -= int(d.n / 8)
	d.bits, d.n = 0, 0
}

// stored copies a block that is not compressed.
func (d *Decoder) stored() bool {
	d.align()
	if len(d.in)-d.pos < 4 {
		return false
	}
	size := binary.LittleEndian.Uint16(d.in[d.pos:])
	if size != ^binary.LittleEndian.Uint16(d.in[d.pos+2:]) {
		return false
	}
	d.pos += 4
	n := int(size)
	if n > len(d.in)-d.pos || n > len(d.out)-slack-d.end {
		return false
	}
	d.end += copy(d.out[d.end:], d.in[d.pos:d.pos+n])
	d.pos += n
	return true
}

// block decompresses a block whose tables are made.
func (d *Decoder) block() bool {
	in, pos, bits, n := d.in, d.pos, d.bits, d.n
	out, end, size := d.out, d.end, len(d.out)-slack
decode:
	for {
		// There are enough bits for a literal or a length, and then again for a distance.
		if bits, n, pos = refill(bits, n, in, pos); n < 56 || end > size {
			return false
		}
		e := uint64(d.litTable[bits&(1<<litBits-1)])
		for e&isLiteral != 0 {
			out[end] = byte(e >> valueShift)
			end++
			bits >>= e & bitsMask
			n -= uint(e & bitsMask)
			if n < maxLength {
				continue decode
			}
			e = uint64(d.litTable[bits&(1<<litBits-1)])
		}
		if e&isTable != 0 {
			bits >>= litBits
			n -= litBits
			e = uint64(d.litTable[(e>>valueShift+bits&(1<<(e&bitsMask)-1))%litSize])
			if e&isLiteral != 0 {
				out[end] = byte(e >> valueShift)
				end++
				bits >>= e & bitsMask
				n -= uint(e & bitsMask)
				continue
			}
		}
		if e&isOther != 0 {
			if e&isEnd != 0 {
				d.pos, d.bits, d.n, d.end = pos, bits>>(e&bitsMask), n-uint(e&bitsMask), end
				return true
			}
			return false
		}
		length := int(e>>valueShift + bits&(1<<(e&bitsMask)-1)>>(e>>codeShift&15))
		bits >>= e & bitsMask
		n -= uint(e & bitsMask)
		if bits, n, pos = refill(bits, n, in, pos); n < 56 {
			return false
		}
		e = uint64(d.distTable[bits&(1<<distBits-1)])
		if e&isTable != 0 {
			bits >>= distBits
			n -= distBits
			e = uint64(d.distTable[(e>>valueShift+bits&(1<<(e&bitsMask)-1))%distSize])
		}
		if e&isOther != 0 {
			return false
		}
		from := end - int(e>>valueShift+bits&(1<<(e&bitsMask)-1)>>(e>>codeShift&15))
		bits >>= e & bitsMask
		n -= uint(e & bitsMask)
		to := end
		end += length
		if from < 0 || end > size {
			return false
		}
		if to-from < 8 {
			for ; to < end; to++ {
				out[to] = out[from]
				from++
			}
			continue
		}
		for ; to < end; to += 8 {
			binary.LittleEndian.PutUint64(out[to:to+8:to+8], binary.LittleEndian.Uint64(out[from:from+8:from+8]))
			from += 8
		}
	}
}
