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
//	entries:
//	  1 byte  length of the name
//	  1 byte  summary values that are missing, bit 0 for the sum
//	  2 bytes elements of the array
//	  2 bytes ints
//	  4 bytes bytes of the floats
//	  8 bytes pings
//	  the name
//	  ints:   8 bytes each, index·2^48 + element
//	  floats: 2 bytes index; 2 bytes size and so many of an exact.Sum, or a size of 0 and 8 bytes of a float64
//
// Ints and floats are sorted by index, an element is in one of them or 0. An int is less than maxInt, so that many can be
// added without a look at overflow. Of equal names, those that differ in the number of elements or in what is missing are
// apart. A ping's arrays are in its own order.
const (
	placeHead = 18
	entryHead = 18

	indexShift = 48
	maxInt     = 1 << 42
	maxLen     = 10_000 // elements
)

// summaryLen is the number of elements behind the buckets.
const summaryLen = 5

var errBinary = errors.New("not the binary form of sums")

// A place is what the binary form begins with.
type place struct {
	built, leaf []byte
	pings       int64
}

func appendPlace(dst []byte, built, leaf string, pings int64) []byte {
	dst = append(dst, built...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(pings))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(leaf)))
	return append(dst, leaf...)
}

func cutPlace(b []byte) (p place, entries []byte, ok bool) {
	if len(b) < placeHead {
		return p, nil, false
	}
	end := placeHead + int(binary.LittleEndian.Uint16(b[16:]))
	if end > len(b) {
		return p, nil, false
	}
	return place{built: b[:8], leaf: b[placeHead:end], pings: int64(binary.LittleEndian.Uint64(b[8:]))}, b[end:], true
}

// An entry is an array, or the sum of many.
type entry struct {
	name    []byte
	missing uint8
	len     int // elements
	pings   int64
	ints    []byte
	floats  []byte
}

// beginEntry appends the head and name of an entry; endEntry, after its ints and floats, completes it.
func beginEntry(dst []byte, name string) []byte {
	var head [entryHead]byte
	head[0] = byte(len(name))
	return append(append(dst, head[:]...), name...)
}

func endEntry(b []byte, missing uint8, length, ints, floatBytes int, pings int64) {
	b[1] = missing
	binary.LittleEndian.PutUint16(b[2:], uint16(length))
	binary.LittleEndian.PutUint16(b[4:], uint16(ints))
	binary.LittleEndian.PutUint32(b[6:], uint32(floatBytes))
	binary.LittleEndian.PutUint64(b[10:], uint64(pings))
}

func appendInt(dst []byte, i int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(i)<<indexShift|n)
}

func cutInt(ints []byte) (i int, n int64, rest []byte) {
	w := binary.LittleEndian.Uint64(ints)
	return int(w >> indexShift), int64(w & (1<<indexShift - 1)), ints[8:]
}

func appendFloat(dst []byte, i int, x float64) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(i))
	return binary.LittleEndian.AppendUint64(append(dst, 0, 0), math.Float64bits(x))
}

func appendSum(dst []byte, i int, sum exact.Sum) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(i))
	at := len(dst)
	dst, _ = sum.AppendBinary(append(dst, 0, 0)) // never fails
	binary.LittleEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

// cutFloat returns the first of floats, which is x or, if it is not nil, the binary form sum.
func cutFloat(floats []byte) (i int, x float64, sum, rest []byte) {
	i, size := int(binary.LittleEndian.Uint16(floats)), int(binary.LittleEndian.Uint16(floats[2:]))
	floats = floats[4:]
	if size == 0 {
		return i, math.Float64frombits(binary.LittleEndian.Uint64(floats)), nil, floats[8:]
	}
	return i, 0, floats[:size], floats[size:]
}

// cutEntry returns the first of entries, and what is behind it.
func cutEntry(b []byte) (e entry, rest []byte, ok bool) {
	if len(b) < entryHead {
		return e, nil, false
	}
	ints := entryHead + int(b[0])
	floats := ints + 8*int(binary.LittleEndian.Uint16(b[4:]))
	end := floats + int(binary.LittleEndian.Uint32(b[6:]))
	if end > len(b) {
		return e, nil, false
	}
	return entry{
		name:    b[entryHead:ints],
		missing: b[1],
		len:     int(binary.LittleEndian.Uint16(b[2:])),
		pings:   int64(binary.LittleEndian.Uint64(b[10:])),
		ints:    b[ints:floats],
		floats:  b[floats:end],
	}, b[end:], true
}

// isBinary reports whether b has the places and sizes of a binary form.
func isBinary(b []byte) bool {
	_, b, ok := cutPlace(b)
	for ok && len(b) > 0 {
		_, b, ok = cutEntry(b)
	}
	return ok
}
