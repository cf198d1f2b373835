package job

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/telemetry-mr/mr/storage/exact"
)

// The binary form of Sums is the place of its pings, and an entry for each array; numbers have their lowest byte first:
//
//	8 bytes   build day
//	8 bytes   pings
//	2 bytes   length of the leaf, then the leaf
//	2 bytes   length of the newest revision, then the revision
//	entries:
//	  1 byte  length of the name
//	  1 byte  summary values that are missing, bit 0 for the sum
//	  2 bytes elements of the array
//	  4 bytes size of the numbers in bytes
//	  8 bytes pings
//	  the name
//	  numbers, of elements that are not 0:
//	    4 bytes  index·2^17 + the element, if it is less than 2^17, or
//	    4 bytes  2^31 + index·2^17 + a kind; behind it an integer of 8 bytes, a float64 of 8 bytes, or an exact.Sum, which has
//	             its size in front in 2 bytes
//
// Numbers are sorted by index. An integer is less than maxInt; what is more is a float64 or an exact.Sum. Of equal names, those
// that differ in the number of elements or in what is missing are apart. A ping's arrays are in its own order.
const (
	placeHead = 16
	entryHead = 16

	indexShift = 17
	maxSmall   = 1 << indexShift
	wide       = 1 << 31
	maxInt     = 1 << 42
	maxLen     = 10_000 // elements
)

// A numberKind is the kind of a wide number.
type numberKind uint8

const (
	kindInt numberKind = iota
	kindFloat
	kindSum
)

// summaryLen is the number of elements behind the buckets.
const summaryLen = 5

var errBinary = errors.New("not the binary form of sums")

// A place is what the binary form begins with.
type place struct {
	built, leaf string
	pings       int64
	newest      string // revision, see revisionOf
}

func (p *place) appendTo(dst []byte) []byte {
	dst = append(dst, p.built...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.pings))
	for _, s := range []string{p.leaf, p.newest} {
		dst = append(binary.LittleEndian.AppendUint16(dst, uint16(len(s))), s...)
	}
	return dst
}

func cutPlace(b []byte) (p place, entries []byte, ok bool) {
	if len(b) < placeHead {
		return p, nil, false
	}
	p.built, p.pings, b = string(b[:8]), int64(binary.LittleEndian.Uint64(b[8:])), b[placeHead:]
	for _, s := range []*string{&p.leaf, &p.newest} {
		if len(b) < 2 {
			return p, nil, false
		}
		end := 2 + int(binary.LittleEndian.Uint16(b))
		if end > len(b) {
			return p, nil, false
		}
		*s, b = string(b[2:end]), b[end:]
	}
	return p, b, true
}

// An entry is an array, or the sum of many.
type entry struct {
	name    []byte
	missing uint8
	len     int // elements
	pings   int64
	numbers []byte
}

// beginEntry appends the head and name of an entry; endEntry, after its numbers, completes it.
func beginEntry(dst []byte, name string) []byte {
	var head [entryHead]byte
	head[0] = byte(len(name))
	return append(append(dst, head[:]...), name...)
}

func endEntry(b []byte, missing uint8, length int, pings int64) {
	b[1] = missing
	binary.LittleEndian.PutUint16(b[2:], uint16(length))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-entryHead-int(b[0])))
	binary.LittleEndian.PutUint64(b[8:], uint64(pings))
}

// appendInt appends an element that is less than maxInt.
func appendInt(dst []byte, i int, n uint64) []byte {
	if n < maxSmall {
		return binary.LittleEndian.AppendUint32(dst, uint32(i)<<indexShift|uint32(n))
	}
	return binary.LittleEndian.AppendUint64(appendWide(dst, i, kindInt), n)
}

func appendWide(dst []byte, i int, kind numberKind) []byte {
	return binary.LittleEndian.AppendUint32(dst, wide|uint32(i)<<indexShift|uint32(kind))
}

func appendFloat(dst []byte, i int, x float64) []byte {
	return binary.LittleEndian.AppendUint64(appendWide(dst, i, kindFloat), math.Float64bits(x))
}

func appendSum(dst []byte, i int, sum exact.Sum) []byte {
	dst = appendWide(dst, i, kindSum)
	at := len(dst)
	dst, _ = sum.AppendBinary(append(dst, 0, 0)) // never fails
	binary.LittleEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

// cutEntry returns the first of entries, and what is behind it.
func cutEntry(b []byte) (e entry, rest []byte, ok bool) {
	if len(b) < entryHead {
		return e, nil, false
	}
	numbers := entryHead + int(b[0])
	end := numbers + int(binary.LittleEndian.Uint32(b[4:]))
	if end > len(b) {
		return e, nil, false
	}
	return entry{
		name:    b[entryHead:numbers],
		missing: b[1],
		len:     int(binary.LittleEndian.Uint16(b[2:])),
		pings:   int64(binary.LittleEndian.Uint64(b[8:])),
		numbers: b[numbers:end],
	}, b[end:], true
}

// A number is an element of an entry: the integer n, or x, or what has the binary form sum.
type number struct {
	i    int
	kind numberKind
	n    int64
	x    float64
	sum  []byte
}

// cutNumber returns the first of the numbers of an entry, and those behind it.
func cutNumber(b []byte) (v number, rest []byte) {
	w := binary.LittleEndian.Uint32(b)
	v.i, b = int(w&^wide>>indexShift), b[4:]
	if w < wide {
		v.n = int64(w & (maxSmall - 1))
		return v, b
	}
	switch v.kind = numberKind(w); v.kind {
	case kindSum:
		size := 2 + int(binary.LittleEndian.Uint16(b))
		v.sum = b[2:size]
		return v, b[size:]
	case kindFloat:
		v.x = math.Float64frombits(binary.LittleEndian.Uint64(b))
	default:
		v.n = int64(binary.LittleEndian.Uint64(b))
	}
	return v, b[8:]
}

// isBinary reports whether b has the places and sizes of a binary form.
func isBinary(b []byte) bool {
	_, b, ok := cutPlace(b)
	for ok && len(b) > 0 {
		_, b, ok = cutEntry(b)
	}
	return ok
}
