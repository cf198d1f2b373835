package histogram

import (
	"encoding/binary"
	"math"
)

// The parsed form of a single array is what parse writes and Add reads with the
// least work. It never leaves the memory:
//
//	2 bytes   0x80 0x00, as no binary form begins
//	2 bytes   0
//	4 bytes   number of elements, at most maxParsed
//	entries   in the order of the elements; those that have none are 0
//
// An entry has 4 bytes: the element, as an int16, and its index. If the highest
// bit of the index is set, the element follows in 8 bytes, and a kind stands in
// its place. Numbers have their least byte first.
const (
	parsedMark = 0x80
	parsedHead = 8
	maxParsed  = 1 << 15
	wideEntry  = 1 << 31 // of an entry
	widest     = 4 + 8   // bytes of an entry
)

func isParsed(b []byte) bool { return len(b) >= parsedHead && b[0] == parsedMark && b[1] == 0 }

// putParsedHead completes a parsed form.
func putParsedHead(form []byte, elements int) {
	binary.LittleEndian.PutUint64(form, parsedMark|uint64(elements)<<32)
}

func parsedLen(b []byte) int { return int(binary.LittleEndian.Uint32(b[4:])) }

// putInt writes the entry of element k and returns where it ends.
func putInt(b []byte, at, k int, n int64) int {
	if n == int64(int16(n)) {
		binary.LittleEndian.PutUint32(b[at:], uint32(k)<<16|uint32(uint16(n)))
		return at + 4
	}
	return putWide(b, at, k, kindInt, uint64(n))
}

func putWide(b []byte, at, k int, kind kind, content uint64) int {
	binary.LittleEndian.PutUint32(b[at:], wideEntry|uint32(k)<<16|uint32(kind))
	binary.LittleEndian.PutUint64(b[at+4:], content)
	return at + widest
}

// parsedEntry returns the element whose entry is at i, its index, and where the
// entry ends.
func parsedEntry(b []byte, i int) (k int, v value, end int) {
	e := binary.LittleEndian.Uint32(b[i:])
	k = int(e >> 16 &^ (wideEntry >> 16))
	if e&wideEntry == 0 {
		return k, value{n: int64(int16(e))}, i + 4
	}
	content := binary.LittleEndian.Uint64(b[i+4:])
	if kind(e) == kindFloat {
		return k, value{kind: kindFloat, x: math.Float64frombits(content)}, i + widest
	}
	return k, value{n: int64(content)}, i + widest
}

// parsedElements yields the elements of the parsed form b.
func parsedElements(b []byte, yield func(int, float64) bool) {
	next := 0
	zeros := func(end int) bool {
		for ; next < end; next++ {
			if !yield(next, 0) {
				return false
			}
		}
		return true
	}
	for i := parsedHead; i < len(b); next++ {
		var k int
		var v value
		k, v, i = parsedEntry(b, i)
		x := float64(v.n)
		if v.kind == kindFloat {
			x = v.x
		}
		if !zeros(k) || !yield(k, x) {
			return
		}
	}
	zeros(parsedLen(b))
}

// addParsed adds the array with the parsed form b.
func (a *Array) addParsed(b []byte) {
	s := a.sumsFor(parsedLen(b))
	s.n++
	for i := parsedHead; i < len(b); {
		if s.near() {
			if i = addSmall(s.ints, b, i); i == len(b) {
				break
			}
		}
		var k int
		var v value
		if k, v, i = parsedEntry(b, i); v.kind == kindFloat {
			s.float(k).Add(v.x)
		} else {
			s.addInt(k, v.n)
		}
	}
}

// addSmall adds the elements whose entries begin at i, up to one in 8 bytes, to
// ints that are near. It returns where that begins.
func addSmall(ints []int64, b []byte, i int) int {
	for i+8 <= len(b) {
		two := binary.LittleEndian.Uint64(b[i : i+8 : i+8])
		j, k := int(two>>16&0xffff), int(two>>48)
		if j >= len(ints) || k >= len(ints) { // the highest bit of an index is set, or this is no entry
			break
		}
		ints[j] += int64(int16(two))
		ints[k] += int64(int16(two >> 32))
		i += 8
	}
	for i+4 <= len(b) {
		e := binary.LittleEndian.Uint32(b[i : i+4 : i+4])
		k := int(e >> 16)
		if k >= len(ints) {
			break
		}
		ints[k] += int64(int16(e))
		i += 4
	}
	return i
}

// appendParsed appends the binary form of the array with the parsed form b.
func appendParsed(dst, b []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, maxHead)...)
	done := 0
	for i := parsedHead; i < len(b); {
		var k int
		var v value
		k, v, i = parsedEntry(b, i)
		switch {
		case v.kind == kindFloat:
			dst = appendFloat(dst, k-done, v.x)
		case v.n != 0:
			dst = appendInt(dst, k-done, v.n)
		default:
			continue
		}
		done = k + 1
	}
	dst = appendZeros(dst, parsedLen(b)-done)
	form := prepend(dst, start+maxHead, part{len: parsedLen(b), n: 1})
	return append(dst[:start], form...)
}
