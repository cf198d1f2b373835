package keys

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// The offsets in ops come from reflect for the type of the key that p points to,
// so each field read or written through them (here and in decode.go) is one of
// that kind. These two loops and column.cell are all the unsafe code there is,
// but for the view of a string's bytes in appendString.

// appendOps appends the fields of the key at p.
func appendOps(dst []byte, ops []op, p unsafe.Pointer) []byte {
	for i := range ops {
		op := &ops[i]
		f := unsafe.Add(p, op.off)
		switch op.kind {
		case kindString:
			dst = appendString(dst, *(*string)(f))
		case kindBool:
			if *(*bool)(f) {
				dst = append(dst, 1)
			} else {
				dst = append(dst, 0)
			}
		case kindInt8:
			dst = append(dst, uint8(*(*int8)(f))^1<<7)
		case kindInt16:
			dst = binary.BigEndian.AppendUint16(dst, uint16(*(*int16)(f))^1<<15)
		case kindInt32:
			dst = binary.BigEndian.AppendUint32(dst, uint32(*(*int32)(f))^1<<31)
		case kindInt64:
			dst = binary.BigEndian.AppendUint64(dst, uint64(*(*int64)(f))^1<<63)
		case kindUint8:
			dst = append(dst, *(*uint8)(f))
		case kindUint16:
			dst = binary.BigEndian.AppendUint16(dst, *(*uint16)(f))
		case kindUint32:
			dst = binary.BigEndian.AppendUint32(dst, *(*uint32)(f))
		case kindUint64:
			dst = binary.BigEndian.AppendUint64(dst, *(*uint64)(f))
		case kindFloat32:
			dst = binary.BigEndian.AppendUint32(dst, sortableFloat32(*(*float32)(f)))
		case kindFloat64:
			dst = binary.BigEndian.AppendUint64(dst, sortableFloat64(*(*float64)(f)))
		case kindBytes:
			dst = append(dst, unsafe.Slice((*byte)(f), op.size)...)
		}
	}
	return dst
}

func sortableFloat64(x float64) uint64 {
	if x != x {
		return math.MaxUint64
	}
	bits := math.Float64bits(x + 0) // -0 + 0 = +0
	return bits ^ (uint64(int64(bits)>>63) | 1<<63)
}

func sortableFloat32(x float32) uint32 {
	if x != x {
		return math.MaxUint32
	}
	bits := math.Float32bits(x + 0)
	return bits ^ (uint32(int32(bits)>>31) | 1<<31)
}

// The bytes that end a string and that begin an escape; both are escaped
// themselves. What follows escape is the byte plus one.
const (
	terminator = 0x00
	escape     = 0x01
)

// appendString appends s and its terminator. It copies s by words and looks on
// the way for bytes to escape, of which there are usually none.
func appendString(dst []byte, s string) []byte {
	n, at := len(s), len(dst)
	if cap(dst)-at <= n {
		dst = slices.Grow(dst, n+1)
	}
	src := unsafe.Slice(unsafe.StringData(s), n)
	out := dst[at : at+n+1]
	var special uint64
	switch {
	case n >= 8:
		for i := 0; i < n-8; i += 8 {
			special |= copyWord(out, src, i)
		}
		special |= copyWord(out, src, n-8)
	case n >= 4:
		lo, hi := binary.LittleEndian.Uint32(src), binary.LittleEndian.Uint32(src[n-4:n:n])
		special = bytesBelow2(uint64(lo) | uint64(hi)<<32)
		binary.LittleEndian.PutUint32(out, lo)
		binary.LittleEndian.PutUint32(out[n-4:n:n], hi)
	default:
		for i, c := range src {
			if c <= escape {
				special = 1
			}
			out[i] = c
		}
	}
	if special != 0 {
		return appendEscaped(dst, s)
	}
	out[n] = terminator
	return dst[:at+n+1]
}

// copyWord copies 8 bytes at i. It returns zero if none of them is to be escaped.
func copyWord(dst, src []byte, i int) uint64 {
	w := binary.LittleEndian.Uint64(src[i : i+8 : i+8])
	binary.LittleEndian.PutUint64(dst[i:i+8:i+8], w)
	return bytesBelow2(w)
}

// bytesBelow2 returns zero if no byte of w is 0 or 1.
func bytesBelow2(w uint64) uint64 {
	const ones = 0x0101010101010101
	return (w - 2*ones) & ^w & (0x80 * ones)
}

func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c <= escape {
			dst = append(dst, escape, c+1)
		} else {
			dst = append(dst, c)
		}
	}
	return append(dst, terminator)
}
