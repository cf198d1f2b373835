package histogram

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/telemetry-mr/mr/storage/exact"
)

// The binary form of an array is, for each length it has sums for, shortest
// first:
//
//	varint          number of elements
//	varint          number of arrays added, at least 1
//	until there are as many elements:
//	2r, r = 1 … 63  r zeros; one byte
//	varint 2z + 1   an integer, zigzag, below 2^62
//	0, varint size, any other number: the binary form of its exact.Sum
//	size bytes
//
// Equal sums give equal bytes. The zero Array is no bytes.

const (
	maxRun = 63
	maxN   = 1 << 48
)

var errBinary = errors.New("histogram: not the binary form of an array")

// AppendBinary appends the binary form of a to dst: about one byte for an element
// that is not 0 and one for several that are. The error is nil.
func (a Array) AppendBinary(dst []byte) ([]byte, error) {
	switch a.form {
	case formText:
		s := scratch.Get().(*sums)
		if n := int(a.len); n <= cap(s.ints) {
			s.ints = s.ints[:n]
		} else {
			s.ints = make([]int64, n)
		}
		s.n = 1
		s.addText(a.b, int(a.plain))
		dst = s.appendBinary(dst)
		clear(s.ints)
		clear(s.floats)
		s.floats = s.floats[:0]
		scratch.Put(s)
	case formBinary:
		return append(dst, a.b...), nil
	case formSums:
		for s := a.sums; s != nil; s = s.next {
			dst = s.appendBinary(dst)
		}
	}
	return dst, nil
}

// scratch holds empty sums.
var scratch = sync.Pool{New: func() any { return new(sums) }}

// MarshalBinary returns what AppendBinary appends.
func (a Array) MarshalBinary() ([]byte, error) { return a.AppendBinary(nil) }

// UnmarshalBinary sets *a to the array with the binary form b, all of it. It
// keeps no reference to b and uses nothing of the old *a again. Other bytes are
// an error and leave *a alone.
func (a *Array) UnmarshalBinary(b []byte) error {
	if err := check(b); err != nil {
		return err
	}
	*a = Array{form: formBinary, own: true, b: bytes.Clone(b)}
	return nil
}

// UnmarshalBinaryBorrow is UnmarshalBinary for an array that refers to b and is
// valid until b changes, for instance to be added to another at once.
func (a *Array) UnmarshalBinaryBorrow(b []byte) error {
	if err := check(b); err != nil {
		return err
	}
	*a = Array{form: formBinary, b: b}
	return nil
}

func (s *sums) appendBinary(dst []byte) []byte {
	dst = slices.Grow(dst, len(s.ints)+16)
	dst = binary.AppendUvarint(dst, uint64(len(s.ints)))
	dst = binary.AppendUvarint(dst, uint64(s.n))
	nextFloat, floats := s.firstFloat(), s.floats
	run := 0
	for i, n := range s.ints {
		if i == nextFloat {
			sum := s.totalOf(&floats[0])
			if floats = floats[1:]; len(floats) > 0 {
				nextFloat = floats[0].i
			}
			var ok bool
			if n, ok = sum.Int64(); !ok {
				dst = appendSum(appendRun(dst, run), sum)
				run = 0
				continue
			}
		}
		if n == 0 {
			run++
			continue
		}
		if run > 0 {
			dst = appendRun(dst, run)
			run = 0
		}
		switch z := uint64(n)<<1 ^ uint64(n>>63); {
		case z < 1<<6:
			dst = append(dst, byte(z<<1|1))
		case z < 1<<13:
			dst = append(dst, byte(z<<1|0x81), byte(z>>6))
		case z < 1<<63:
			dst = binary.AppendUvarint(dst, z<<1|1)
		default:
			var sum exact.Sum
			sum.AddInt(n)
			dst = appendSum(dst, sum)
		}
	}
	return appendRun(dst, run)
}

func appendRun(dst []byte, run int) []byte {
	for ; run > maxRun; run -= maxRun {
		dst = append(dst, 2*maxRun)
	}
	if run > 0 {
		dst = append(dst, byte(2*run))
	}
	return dst
}

func appendSum(dst []byte, sum exact.Sum) []byte {
	dst = append(dst, 0, 0)
	start := len(dst)
	dst, _ = sum.AppendBinary(dst) // its error is always nil
	size := uint64(len(dst) - start)
	if size < 0x80 {
		dst[start-1] = byte(size)
		return dst
	}
	return slices.Replace(dst, start-1, start, binary.AppendUvarint(nil, size)...)
}

// uvarint returns the number at i and where it ends, -1 if there is none or i is
// -1 already.
func uvarint(b []byte, i int) (u uint64, end int) {
	if i < 0 || i >= len(b) {
		return 0, -1
	}
	if b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	u, n := binary.Uvarint(b[i:])
	if n <= 0 || b[i+n-1] == 0 {
		return 0, -1
	}
	return u, i + n
}

// head reads what is in front of the elements of one length.
func head(b []byte, i int) (length int, n int64, end int) {
	l, i := uvarint(b, i)
	u, i := uvarint(b, i)
	if i < 0 || u == 0 || u > maxN || l/maxRun > uint64(len(b)) {
		return 0, 0, -1
	}
	return int(l), int64(u), i
}

// sumAt reads an element that is not an integer, behind its 0.
func sumAt(b []byte, i int) (sum exact.Sum, end int) {
	size, i := uvarint(b, i)
	if i < 0 || size > uint64(len(b)-i) || sum.UnmarshalBinary(b[i:i+int(size)]) != nil {
		return exact.Sum{}, -1
	}
	return sum, i + int(size)
}

// check reports whether b is a binary form.
func check(b []byte) error {
	last := -1
	for i := 0; i < len(b); {
		var length int
		if length, _, i = head(b, i); i < 0 || length <= last {
			return errBinary
		}
		last = length
		left := length
		for left > 0 {
			if i >= len(b) {
				return errBinary
			}
			switch c := b[i]; {
			case c&1 != 0 && c < 0x80:
				left--
				i++
			case c&1 != 0:
				left--
				if _, i = uvarint(b, i); i < 0 {
					return errBinary
				}
			case c > 2*maxRun:
				return errBinary
			case c != 0:
				left -= int(c / 2)
				i++
			default:
				left--
				if _, i = sumAt(b, i+1); i < 0 {
					return errBinary
				}
			}
		}
		if left < 0 {
			return errBinary
		}
	}
	return nil
}

// addBinary adds the array with the binary form b, which check has accepted.
func (a *Array) addBinary(b []byte) {
	for i := 0; i < len(b); {
		var length int
		var n int64
		length, n, i = head(b, i)
		s := a.sumsFor(length)
		s.n += n
		ints := s.ints
		for k := 0; k < len(ints); {
			c := b[i]
			if c&1 == 0 {
				i++
				if c == 0 {
					var sum exact.Sum
					sum, i = sumAt(b, i)
					s.float(k).AddSum(sum)
					k++
				}
				k += int(c / 2)
				continue
			}
			z := uint64(c)
			if i++; c >= 0x80 {
				z, i = uvarint(b, i-1)
			}
			z >>= 1
			n := int64(z>>1) ^ -int64(z&1)
			old := ints[k]
			total := old + n
			if (old^total)&(n^total) < 0 {
				s.addInt(k, n)
			} else {
				ints[k] = total
			}
			k++
		}
	}
}
