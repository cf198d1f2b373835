package exact

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// The binary form of a sum depends on its value alone:
//
//	0x00              0
//	0x01, 0x02, 0x03  NaN, +Inf, -Inf
//	varint h ≥ 4, and the absolute value, least byte first, without zero bytes
//	at either end: bit 0 of h-4 says that the sum is negative, the rest is, zigzag,
//	at which byte the value begins, counted from the byte of 2^-64
const (
	codeZero = iota
	codeNaN
	codePlusInf
	codeMinusInf
	codeFinite
)

var errBinary = errors.New("exact: not the binary form of a sum")

// AppendBinary appends the binary form of s to dst: one byte for 0, about eight
// for a sum of ordinary numbers. Equal sums give equal bytes. The error is nil.
func (s Sum) AppendBinary(dst []byte) ([]byte, error) {
	switch {
	case s.special == plusInf:
		return append(dst, codePlusInf), nil
	case s.special == minusInf:
		return append(dst, codeMinusInf), nil
	case s.special != 0:
		return append(dst, codeNaN), nil
	case s.wide != nil:
		w := s.total()
		m, negative := w.magnitude()
		var b [8 * words]byte
		for i, word := range m {
			binary.LittleEndian.PutUint64(b[8*i:], word)
		}
		first, end := 0, len(b)
		for end > 0 && b[end-1] == 0 {
			end--
		}
		if end == 0 {
			return append(dst, codeZero), nil
		}
		for b[first] == 0 {
			first++
		}
		return append(appendHead(dst, first-8*fixed, negative), b[first:end]...), nil
	}
	lo, hi := s.lo, s.hi
	if lo|hi == 0 {
		return append(dst, codeZero), nil
	}
	negative := int64(hi) < 0
	if negative {
		lo, hi = negate(lo, hi)
	}
	first := 0
	if lo == 0 {
		lo, hi, first = hi, 0, 8
	}
	low := bits.TrailingZeros64(lo) / 8
	dst = appendHead(dst, first+low, negative)
	lo, hi = lo>>(8*low)|hi<<(64-8*low), hi>>(8*low)
	n := (bits.Len64(lo) + 7) / 8
	if hi != 0 {
		n = 8 + (bits.Len64(hi)+7)/8
	}
	dst = binary.LittleEndian.AppendUint64(dst, lo)
	dst = binary.LittleEndian.AppendUint64(dst, hi)
	return dst[:len(dst)-16+n], nil
}

// MarshalBinary returns what AppendBinary appends.
func (s Sum) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

func appendHead(dst []byte, first int, negative bool) []byte {
	h := uint64(int64(first)<<1^int64(first)>>63) << 1
	if negative {
		h |= 1
	}
	return binary.AppendUvarint(dst, h+codeFinite)
}

// UnmarshalBinary sets s to the sum with the binary form b, all of it. It keeps
// no reference to b, and uses nothing of the old s again. Other bytes are an
// error and leave s alone.
func (s *Sum) UnmarshalBinary(b []byte) error {
	h, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return errBinary
	}
	b = b[n:]
	if h < codeFinite {
		if len(b) > 0 {
			return errBinary
		}
		*s = Sum{special: [...]special{0, nan, plusInf, minusInf}[h]}
		return nil
	}
	h -= codeFinite
	negative := h&1 != 0
	h >>= 1
	if h > 2*8*words {
		return errBinary
	}
	first := int(h>>1) ^ -int(h&1)
	if len(b) == 0 || b[0] == 0 || b[len(b)-1] == 0 {
		return errBinary
	}
	if first >= 0 && (first+len(b) < 16 || first+len(b) == 16 && b[len(b)-1] < 0x80) {
		var f [16]byte
		copy(f[first:], b)
		lo, hi := binary.LittleEndian.Uint64(f[:]), binary.LittleEndian.Uint64(f[8:])
		if negative {
			lo, hi = negate(lo, hi)
		}
		*s = Sum{lo: lo, hi: hi}
		return nil
	}
	first += 8 * fixed
	if first < 0 || first+len(b) > 8*words || first+len(b) == 8*words && b[len(b)-1] >= 0x40 {
		return errBinary
	}
	var f [8 * words]byte
	copy(f[first:], b)
	if f[0] != 0 || f[1]&0x3f != 0 {
		return errBinary // not a multiple of the smallest float64
	}
	w := new(wide)
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(f[8*i:])
	}
	if negative {
		*w = w.negated()
	}
	*s = Sum{wide: w}
	return nil
}
