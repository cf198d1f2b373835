package histogram

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/telemetry-mr/mr/storage/exact"
)

// The binary form of an array is a part for each length it has sums for,
// shortest first:
//
//	varint    number of elements
//	varint    number of arrays added, at least 1
//	varint    size of the entries in bytes
//	entries   for all elements
//
// An entry stands for some elements that are 0 and one behind them, which may be
// 0 too:
//
//	byte      how many are 0
//	byte      a code: an integer from -10 to 240, plus 10, or
//	          251  an integer that follows, in 2 bytes
//	          252  an integer that follows, in 4 bytes
//	          253  an integer that follows, in 8 bytes
//	          254  a float64 that follows, in 8 bytes
//	          255  an exact.Sum that follows: varint size, binary form
//
// Numbers of fixed size have their least byte first. An element has the first
// code that can represent it, and the fewest entries are used, so equal sums give
// equal bytes. The zero Array is no bytes.
const (
	bias      = 10
	codeInt16 = 251
	codeInt32 = 252
	codeInt64 = 253
	codeFloat = 254
	codeSum   = 255

	maxZeros = 255
	maxN     = 1 << 48
	maxHead  = 5 + 7 + 5 // bytes before the entries
)

var errBinary = errors.New("histogram: not the binary form of an array")

// AppendBinary appends the binary form of a to dst: two bytes for a small element
// that is not 0, and next to nothing for those that are. The error is nil.
func (a Array) AppendBinary(dst []byte) ([]byte, error) {
	if isParsed(a.b) {
		return appendParsed(dst, a.b), nil
	}
	if a.sums == nil {
		return append(dst, a.b...), nil
	}
	for s := a.sums; s != nil; s = s.next {
		dst = s.appendBinary(dst)
	}
	return dst, nil
}

// binary returns the binary form of an array that is no sum.
func (a Array) binary() []byte {
	if isParsed(a.b) {
		return appendParsed(nil, a.b)
	}
	return a.b
}

// MarshalBinary returns what AppendBinary appends.
func (a Array) MarshalBinary() ([]byte, error) { return a.AppendBinary(nil) }

// UnmarshalBinary sets *a to the array with the binary form b, all of it. It
// keeps no reference to b and uses nothing of the old *a again. Other bytes are
// an error and leave *a alone.
func (a *Array) UnmarshalBinary(b []byte) error {
	if err := check(b); err != nil {
		return err
	}
	*a = Array{b: bytes.Clone(b)}
	return nil
}

// UnmarshalBinaryBorrow is UnmarshalBinary for an array that refers to b and is
// valid until b changes, for instance to be added to another at once.
func (a *Array) UnmarshalBinaryBorrow(b []byte) error {
	if err := check(b); err != nil {
		return err
	}
	*a = Array{b: b}
	return nil
}

func (s *sums) appendBinary(dst []byte) []byte {
	dst = slices.Grow(dst, maxHead+2*len(s.ints)+16)
	start := len(dst)
	dst = dst[:start+maxHead]
	from, done := 0, 0 // elements that were looked at, and those of them in dst, behind which are zeros
	for k := range s.floats {
		f := &s.floats[k]
		dst, done = appendInts(dst, s.ints[:f.i], from, done)
		from = f.i + 1
		sum := s.totalOf(f)
		if n, ok := sum.Int64(); !ok {
			dst = appendSum(dst, f.i-done, sum)
			done = from
		} else if n != 0 {
			dst = appendInt(dst, f.i-done, n)
			done = from
		}
	}
	dst, done = appendInts(dst, s.ints, from, done)
	dst = appendZeros(dst, len(s.ints)-done)
	form := prepend(dst, start+maxHead, part{len: len(s.ints), n: s.n})
	return append(dst[:start], form...)
}

// appendInts appends entries for ints[from:], up to the last that is not 0. It
// takes and returns how many elements are in dst.
func appendInts(dst []byte, ints []int64, from, done int) (appended []byte, nowDone int) {
	for i := from; i < len(ints); i++ {
		if n := ints[i]; n != 0 {
			dst = appendInt(dst, i-done, n)
			done = i + 1
		}
	}
	return dst, done
}

// appendInt appends entries for an integer behind zeros.
func appendInt(dst []byte, zeros int, n int64) []byte {
	if zeros <= maxZeros && uint64(n+bias) < codeInt16 {
		return append(dst, byte(zeros), byte(n+bias))
	}
	return appendWide(dst, zeros, n)
}

// appendWide is appendInt for the integers and the zeros that are seldom.
func appendWide(dst []byte, zeros int, n int64) []byte {
	dst, zeros = appendFull(dst, zeros)
	switch {
	case uint64(n+bias) < codeInt16:
		return append(dst, byte(zeros), byte(n+bias))
	case n == int64(int16(n)):
		return binary.LittleEndian.AppendUint16(append(dst, byte(zeros), codeInt16), uint16(n))
	case n == int64(int32(n)):
		return binary.LittleEndian.AppendUint32(append(dst, byte(zeros), codeInt32), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(dst, byte(zeros), codeInt64), uint64(n))
}

// appendFloat appends entries for a float that is no integer.
func appendFloat(dst []byte, zeros int, x float64) []byte {
	dst, zeros = appendFull(dst, zeros)
	return binary.LittleEndian.AppendUint64(append(dst, byte(zeros), codeFloat), math.Float64bits(x))
}

// appendSum appends entries for a sum that is no integer.
func appendSum(dst []byte, zeros int, sum exact.Sum) []byte {
	x := sum.Float64()
	rest := sum.Clone()
	if rest.Add(-x); rest.Float64() == 0 {
		return appendFloat(dst, zeros, x)
	}
	dst, zeros = appendFull(dst, zeros)
	var buf [32]byte
	form, _ := sum.AppendBinary(buf[:0]) // its error is always nil
	dst = append(dst, byte(zeros), codeSum)
	return append(binary.AppendUvarint(dst, uint64(len(form))), form...)
}

// appendZeros appends entries for zeros that nothing follows.
func appendZeros(dst []byte, zeros int) []byte {
	if zeros == 0 {
		return dst
	}
	return appendInt(dst, zeros-1, 0)
}

// appendFull appends entries until so few zeros are left that one entry can hold
// them.
func appendFull(dst []byte, zeros int) (appended []byte, left int) {
	for ; zeros > maxZeros; zeros -= maxZeros + 1 {
		dst = append(dst, maxZeros, bias)
	}
	return dst, zeros
}

// prepend writes what is in front of the entries b[start:] into the maxHead bytes
// there and returns the part.
func prepend(b []byte, start int, p part) []byte {
	size := len(b) - start
	if p.len < 0x80 && p.n < 0x80 && size < 0x80 {
		form := b[start-3:]
		form[0], form[1], form[2] = byte(p.len), byte(p.n), byte(size)
		return form
	}
	var head [maxHead]byte
	h := binary.AppendUvarint(head[:0], uint64(p.len))
	h = binary.AppendUvarint(h, uint64(p.n))
	h = binary.AppendUvarint(h, uint64(size))
	return b[start-len(h)+copy(b[start-len(h):], h)-len(h):]
}

// A part of a binary form is the sum of the arrays of one length.
type part struct {
	len     int
	n       int64 // arrays that were added
	entries []byte
}

// cut returns the first part of b, and what is behind it. It returns false if
// there is none.
func cut(b []byte) (p part, rest []byte, ok bool) {
	if len(b) > 2 && b[0]|b[1]|b[2] < 0x80 {
		p.len, p.n = int(b[0]), int64(b[1])
		size := 3 + int(b[2])
		if size > len(b) {
			return part{}, nil, false
		}
		p.entries = b[3:size]
		return p, b[size:], true
	}
	length, i := uvarint(b, 0)
	n, i := uvarint(b, i)
	size, i := uvarint(b, i)
	if i < 0 || length > math.MaxInt32 || n > maxN || size > uint64(len(b)-i) {
		return part{}, nil, false
	}
	end := i + int(size)
	return part{len: int(length), n: int64(n), entries: b[i:end]}, b[end:], true
}

// parts returns the parts of a binary form.
func parts(b []byte) iter.Seq[part] {
	return func(yield func(part) bool) {
		for {
			p, rest, ok := cut(b)
			if !ok || !yield(p) {
				return
			}
			b = rest
		}
	}
}

// uvarint returns the number at i and where it ends, -1 if there is none or i is
// -1 already.
func uvarint(b []byte, i int) (u uint64, end int) {
	if i < 0 {
		return 0, -1
	}
	u, n := binary.Uvarint(b[i:])
	if n <= 0 || b[i+n-1] == 0 && n > 1 {
		return 0, -1
	}
	return u, i + n
}

// element returns the element whose code is at i and where it ends, -1 if b ends
// before. Of a sum, n is the size of its binary form, which ends there too.
func element(b []byte, i int) (v value, end int) {
	code := b[i]
	i++
	left := len(b) - i
	switch {
	case code < codeInt16:
		return value{n: int64(code) - bias}, i
	case code == codeInt16 && left >= 2:
		return value{n: int64(int16(binary.LittleEndian.Uint16(b[i:])))}, i + 2
	case code == codeInt32 && left >= 4:
		return value{n: int64(int32(binary.LittleEndian.Uint32(b[i:])))}, i + 4
	case code == codeInt64 && left >= 8:
		return value{n: int64(binary.LittleEndian.Uint64(b[i:]))}, i + 8
	case code == codeFloat && left >= 8:
		return value{kind: kindFloat, x: math.Float64frombits(binary.LittleEndian.Uint64(b[i:]))}, i + 8
	case code == codeSum:
		if size, i := uvarint(b, i); i >= 0 && size <= uint64(len(b)-i) {
			return value{kind: kindSum, n: int64(size)}, i + int(size)
		}
	}
	return value{}, -1
}

// check reports whether b is a binary form.
func check(b []byte) error {
	last := -1
	for len(b) > 0 {
		p, rest, ok := cut(b)
		if !ok || p.n == 0 || p.len <= last || !p.complete() {
			return errBinary
		}
		last, b = p.len, rest
	}
	return nil
}

// complete reports whether the entries of p are well-formed and for all elements.
func (p part) complete() bool {
	k := 0
	for i := 0; i < len(p.entries); {
		if i+1 == len(p.entries) {
			return false
		}
		k += int(p.entries[i]) + 1
		if p.entries[i+1] < codeInt16 {
			i += 2
			continue
		}
		v, end := element(p.entries, i+1)
		if end < 0 {
			return false
		}
		if v.kind == kindSum {
			var sum exact.Sum
			if sum.UnmarshalBinary(p.entries[end-int(v.n):end]) != nil {
				return false
			}
		}
		i = end
	}
	return k == p.len
}

// addBinary adds the array with the binary form b.
func (a *Array) addBinary(b []byte) {
	for len(b) > 0 {
		var p part
		p, b, _ = cut(b)
		s := a.sumsFor(p.len)
		s.n += p.n
		s.addEntries(p.entries)
	}
}

// addEntries adds the elements of a part.
func (s *sums) addEntries(entries []byte) {
	ints := s.ints
	k := 0
	for i := 0; i+1 < len(entries); k++ {
		k += int(entries[i])
		n := int64(entries[i+1]) - bias
		if n >= codeInt16-bias {
			i = s.addWide(k, entries, i+1)
			continue
		}
		i += 2
		old := ints[k]
		total := old + n
		if (old^total)&(n^total) < 0 {
			s.addInt(k, n)
		} else {
			ints[k] = total
		}
	}
}

// addWide adds element k, whose code is at i, and returns where it ends.
func (s *sums) addWide(k int, entries []byte, i int) (end int) {
	v, end := element(entries, i)
	switch v.kind {
	case kindInt:
		s.addInt(k, v.n)
	case kindFloat:
		s.float(k).Add(v.x)
	case kindSum:
		var sum exact.Sum
		_ = sum.UnmarshalBinary(entries[end-int(v.n) : end]) // check has tried it
		s.float(k).AddSum(sum)
	}
	return end
}
