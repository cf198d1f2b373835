package histogram

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// parse appends the binary form of the array that text begins with to dst, and
// returns the form and where the text of the array ends. The end is -1 if text
// does not begin with an array of numbers and nulls that float64 can represent.
// What is appended in front of the form is of no use.
//
// Text is read eight bytes at a time, as the lanes of a word: a lane further up is
// a byte further on. Where an element ends is left to branches, which the
// processor foresees, not to arithmetic, for which the next element would wait.
func parse(dst, text []byte) (appended, form []byte, end int) {
	if len(text) == 0 || text[0] != '[' {
		return dst, nil, -1
	}
	start := len(dst) + maxHead
	dst = slices.Grow(dst, maxHead)[:start]
	i := skipBlanks(text, 1)
	if i < len(text) && text[i] == ']' {
		return dst, prepend(dst, start, part{n: 1}), i + 1
	}
	n := 0     // elements before i
	zeros := 0 // the last of them, which are 0 and not in dst
	for n <= math.MaxInt32 {
		// Small integers with a comma behind.
	small:
		for len(text)-i >= 8 {
			w := word(text, i)
			if w == fourZeros {
				n += 4
				zeros += 4
				i += 8
				continue
			}
			if zeros > maxZeros-4 {
				break
			}
			if isFourDigits(w) {
				dst = slices.Grow(dst, 8)
				entries := (*[8]byte)(dst[len(dst):cap(dst)])
				size := 0
				for range 4 {
					// An entry for 0 is written over by the next.
					digit := int(w & 0x0f)
					entries[size&7] = byte(zeros)
					entries[(size+1)&7] = byte(digit + bias)
					nonzero := (digit + 15) >> 4 // 0 or 1
					size += 2 * nonzero
					zeros = (zeros + 1) & (nonzero - 1)
					w >>= 16
				}
				dst = dst[:len(dst)+size]
				n += 4
				i += 8
				continue
			}
			x := int64(w&0xff) - '0'
			switch {
			case x < 0 || x > 9:
				break small
			case byte(w>>8) == ',':
				i += 2
			case x > 0 && byte(w>>16) == ',' && byte(w>>8)-'0' < 10:
				x = 10*x + int64(byte(w>>8)-'0')
				i += 3
			default:
				size := digitsIn(w)
				if size == 8 || x == 0 || byte(w>>(8*size)) != ',' {
					break small
				}
				x = int64(eightDigits(w << (64 - 8*size)))
				i += size + 1
			}
			if i < len(text) && text[i] == ' ' {
				i++
			}
			n++
			switch {
			case x == 0:
				zeros++
			case x < codeInt16-bias:
				dst = append(dst, byte(zeros), byte(x+bias))
				zeros = 0
			default:
				dst = appendWide(dst, zeros, x)
				zeros = 0
			}
		}
		if absent(text, i) && zeros <= maxZeros {
			dst = append(dst, byte(zeros), bias-1, 0, bias-1)
			zeros = 0
			n += 2
			i += len("-1,-1")
		} else {
			// Any other element.
			i = skipBlanks(text, i)
			var v value
			if v, i = number(text, i); i < 0 {
				return dst, nil, -1
			}
			n++
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
		}
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
	evens = 0x0001000100010001
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones

	fourZeros = '0'*evens | ','*evens<<8 // "0,0,0,0,"
)

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// isFourDigits reports whether w is four numbers of one digit, each with a comma
// behind.
func isFourDigits(w uint64) bool {
	return w&(0xfff0*evens) == fourZeros&(0xfff0*evens) && (w+6*evens)&(0x10*evens) == 0x10*evens
}

// absent reports whether two elements at i are -1, as summary values are that the
// sender left out.
func absent(b []byte, i int) bool {
	const twice = '-' | '1'<<8 | ','<<16 | '-'<<24 | '1'<<32
	if len(b)-i < 8 {
		return false
	}
	w := word(b, i)
	next := byte(w >> 40)
	return w&(1<<40-1) == twice && (next == ',' || next == ']')
}

// digitsIn returns how many digits the text in w begins with.
func digitsIn(w uint64) int {
	t := w ^ '0'*ones
	other := (t&lows + (0x80-10)*ones | t) & highs
	return bits.TrailingZeros64(other) / 8
}

// eightDigits returns the number whose last digits are in the lanes of w, last
// digit in the highest lane. Lanes without a digit are zero.
func eightDigits(w uint64) uint64 {
	w &= 0x0f * ones
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	w = w * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return w * (10000<<32 + 1) >> 32
}

func skipBlanks(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}
