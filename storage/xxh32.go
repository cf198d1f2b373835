package storage

import (
	"encoding/binary"
	"math/bits"
)

// xxh32 is the checksum XXH32 with seed 0, by its specification 0.1.1.
type xxh32 struct {
	lanes [4]uint32
	total uint64
	rest  [16]byte // the last total%16 bytes
}

const (
	xxhPrime1 = 0x9E3779B1
	xxhPrime2 = 0x85EBCA77
	xxhPrime3 = 0xC2B2AE3D
	xxhPrime4 = 0x27D4EB2F
	xxhPrime5 = 0x165667B1
)

func sumXXH32(b []byte) uint32 {
	var h xxh32
	h.reset()
	h.write(b)
	return h.value()
}

func (h *xxh32) reset() {
	prime1 := uint32(xxhPrime1) // a variable, for the sums pass 32 bits
	*h = xxh32{lanes: [4]uint32{prime1 + xxhPrime2, xxhPrime2, 0, -prime1}}
}

func (h *xxh32) write(b []byte) {
	n := int(h.total % 16)
	h.total += uint64(len(b))
	if n > 0 {
		k := copy(h.rest[n:], b)
		if b = b[k:]; n+k < 16 {
			return
		}
		h.blocks(h.rest[:])
	}
	copy(h.rest[:], h.blocks(b))
}

// blocks takes in all whole blocks of b and returns what is left.
func (h *xxh32) blocks(b []byte) []byte {
	l0, l1, l2, l3 := h.lanes[0], h.lanes[1], h.lanes[2], h.lanes[3]
	for len(b) >= 16 {
		l0 = bits.RotateLeft32(l0+binary.LittleEndian.Uint32(b)*xxhPrime2, 13) * xxhPrime1
		l1 = bits.RotateLeft32(l1+binary.LittleEndian.Uint32(b[4:])*xxhPrime2, 13) * xxhPrime1
		l2 = bits.RotateLeft32(l2+binary.LittleEndian.Uint32(b[8:])*xxhPrime2, 13) * xxhPrime1
		l3 = bits.RotateLeft32(l3+binary.LittleEndian.Uint32(b[12:])*xxhPrime2, 13) * xxhPrime1
		b = b[16:]
	}
	h.lanes = [4]uint32{l0, l1, l2, l3}
	return b
}

func (h *xxh32) value() uint32 {
	v := h.lanes[2] + xxhPrime5 // lane 2 is the seed until there is a block
	if h.total >= 16 {
		v = bits.RotateLeft32(h.lanes[0], 1) + bits.RotateLeft32(h.lanes[1], 7) + bits.RotateLeft32(h.lanes[2], 12) + bits.RotateLeft32(h.lanes[3], 18)
	}
	v += uint32(h.total)
	b := h.rest[:h.total%16]
	for ; len(b) >= 4; b = b[4:] {
		v = bits.RotateLeft32(v+binary.LittleEndian.Uint32(b)*xxhPrime3, 17) * xxhPrime4
	}
	for _, c := range b {
		v = bits.RotateLeft32(v+uint32(c)*xxhPrime5, 11) * xxhPrime1
	}
	v = (v ^ v>>15) * xxhPrime2
	v = (v ^ v>>13) * xxhPrime3
	return v ^ v>>16
}
