package histogram

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/telemetry-mr/mr/storage/digits"
)

// parse appends the parsed form of the array that text begins with to dst, and
// returns the form and where the text of the array ends. The end is -1 if text
// does not begin with an array of numbers and nulls that float64 can represent.
// Of an array with more elements than a parsed form has, it is the binary form.
//
// Text is read eight bytes at a time, as the lanes of a word: a lane further up is
// a byte further on. Where an element ends is left to branches, which the
// processor foresees, not to arithmetic, for which the next element would wait.
// An element that is 0 gets an entry where a branch would cost more.
func parse(dst, text []byte) (appended, form []byte, end int) {
	if len(text) == 0 || text[0] != '[' {
		return dst, nil, -1
	}
	start := len(dst)
	b, at := room(dst, start), start+parsedHead
	n := 0                                     // elements before i
	last := min(len(text), 2*maxParsed-64) - 8 // an element has two bytes at least
	i := skipBlanks(text, 1)
	if i < len(text) && text[i] == ']' {
		putParsedHead(b[start:], 0)
		return b[:at], b[start:at], i + 1
	}
	for n < maxParsed {
		// Integers with a comma behind.
		for i <= last && at+2*widest <= len(b) {
			w := digits.Word(text, i)
			if w == digits.FourZeros {
				n += 4
				i += 8
				continue
			}
			if digits.IsFour(w) {
				putFour((*[16]byte)(b[at:at+16:at+16]), n, w)
				at += 16
				n += 4
				i += 8
				continue
			}
			x := w&0xff ^ '0'
			if x > 9 {
				if byte(w) == ' ' {
					i++
					continue
				}
				next := byte(w >> 40)
				if w&absentMask != absent || next != ',' && next != ']' {
					break
				}
				binary.LittleEndian.PutUint64(b[at:at+8:at+8], twoIndexes(n)|0xffff|0xffff<<32)
				at += 8
				n += 2
				i += len("-1,-1,")
				if next == ']' {
					putParsedHead(b[start:], n)
					return b[:at], b[start:at], i
				}
				continue
			}
			if byte(w>>8) == ',' {
				i += 2
				if byte(w>>16) == ' ' {
					i++
				}
			} else if second := w>>8&0xff ^ '0'; byte(w>>16) == ',' && x > 0 && second <= 9 {
				x = 10*x + second
				i += 3
				if byte(w>>24) == ' ' {
					i++
				}
			} else {
				size := digits.In(w)
				if size == 8 || x == 0 || byte(w>>(8*size)) != ',' {
					break
				}
				x = digits.Eight(w << (64 - 8*size))
				i += size + 1
			}
			if x <= math.MaxInt16 {
				binary.LittleEndian.PutUint32(b[at:at+4:at+4], uint32(n)<<16|uint32(x))
				at += 4
			} else {
				at = putWide(b, at, n, kindInt, x)
			}
			n++
		}
		// Any element.
		if at+widest > len(b) {
			b = room(b, at)
		}
		i = skipBlanks(text, i)
		v, end := fraction(text, i)
		if end < 0 {
			if v, end = number(text, i); end < 0 {
				return dst, nil, -1
			}
		}
		i = end
		if v.kind == kindFloat {
			at = putWide(b, at, n, kindFloat, math.Float64bits(v.x))
		} else if v.n != 0 {
			at = putInt(b, at, n, v.n)
		}
		n++
		i = skipBlanks(text, i)
		if i == len(text) {
			return dst, nil, -1
		}
		c := text[i]
		i++
		if c == ']' {
			putParsedHead(b[start:], n)
			return b[:at], b[start:at], i
		}
		if c != ',' {
			return dst, nil, -1
		}
	}
	return parseLong(dst, text)
}

// room returns b[:at] with room for a few entries behind, and all of its capacity.
func room(b []byte, at int) []byte {
	b = slices.Grow(b[:at], parsedHead+8*widest)
	return b[:cap(b)]
}

// putFour writes entries for the four digits in w, of which the first is element
// k.
func putFour(entries *[16]byte, k int, w uint64) {
	indexes := twoIndexes(k)
	binary.LittleEndian.PutUint64(entries[:], indexes|w&0xf|w&0xf0000<<16)
	w >>= 32
	binary.LittleEndian.PutUint64(entries[8:], indexes+2*bothIndexes|w&0xf|w&0xf0000<<16)
}

const bothIndexes = 1<<16 | 1<<48

// twoIndexes returns the entries of elements k and k+1, both 0.
func twoIndexes(k int) uint64 { return uint64(k)*bothIndexes + 1<<48 }

// parseLong is parse for the binary form.
func parseLong(dst, text []byte) (appended, form []byte, end int) {
	start := len(dst) + maxHead
	dst = append(dst, make([]byte, maxHead)...)
	zeros := 0 // elements that are 0 and not in dst yet
	i := 1
	for n := 1; n <= math.MaxInt32; n++ {
		i = skipBlanks(text, i)
		var v value
		if v, i = number(text, i); i < 0 {
			return dst, nil, -1
		}
		switch {
		case v.kind == kindFloat:
			dst = appendFloat(dst, zeros, v.x)
			zeros = 0
		case v.n == 0:
			zeros++
		default:
			dst = appendInt(dst, zeros, v.n)
			zeros = 0
		}
		i = skipBlanks(text, i)
		if i == len(text) {
			break
		}
		c := text[i]
		i++
		if c == ']' {
			dst = appendZeros(dst, zeros)
			return dst, prepend(dst, start, part{len: n, n: 1}), i
		}
		if c != ',' {
			break
		}
	}
	return dst, nil, -1
}

const (
	// "-1,-1", as summary values are that the sender left out.
	absent     = '-' | '1'<<8 | ','<<16 | '-'<<24 | '1'<<32
	absentMask = 1<<40 - 1
)

func skipBlanks(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}
