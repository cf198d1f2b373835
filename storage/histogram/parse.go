package histogram

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// parse appends the binary form of the array that text begins with to dst, and
// returns the form and where the text of the array ends. The end is -1 if text
// does not begin with an array of numbers and nulls that float64 can represent.
// What is appended in front of the form is of no use.
func parse(dst, text []byte) (appended, form []byte, end int) {
	if len(text) == 0 || text[0] != '[' {
		return dst, nil, -1
	}
	start := len(dst) + maxHead
	dst = append(dst, roomForHead...)
	i := skipBlanks(text, 1)
	if i < len(text) && text[i] == ']' {
		return dst, prepend(dst, start, part{n: 1}), i + 1
	}
	k := 0          // the index of the element at i
	done := 0       // elements in dst; those from there to k are 0
	spaced := false // there was a blank behind the last comma
	for k < math.MaxInt32-64 {
		for {
			b := block(text[i:], spaced)
			if b.end == 0 {
				break
			}
			// Most elements are 0, and cost nothing of their own.
			for rest := b.starts &^ b.zeros; rest != 0; rest &= rest - 1 {
				at := bits.TrailingZeros64(rest)
				size := bits.TrailingZeros64(b.commas >> at)
				n := eightDigits(word(text, i+at) << (64 - 8*size))
				index := k + bits.OnesCount64(b.starts&(1<<at-1))
				if zeros := index - done; zeros <= maxZeros && n < codeInt16-bias {
					dst = append(dst, byte(zeros), byte(n+bias))
				} else {
					dst = appendWide(dst, zeros, int64(n))
				}
				done = index + 1
			}
			k += bits.OnesCount64(b.starts)
			i += b.end
		}
		// What is in no block is mostly the summary.
		for range summaryLen {
			if i < len(text) && text[i] <= ' ' {
				i = skipBlanks(text, i)
			}
			v, next := number(text, i)
			if next < 0 {
				return dst, nil, -1
			}
			if v.kind == kindFloat {
				dst = appendFloat(dst, k-done, v.x)
				done = k + 1
			} else if v.n != 0 {
				dst = appendInt(dst, k-done, v.n)
				done = k + 1
			}
			k++
			i = next
			if i < len(text) && text[i] <= ' ' {
				i = skipBlanks(text, i)
			}
			if i == len(text) {
				return dst, nil, -1
			}
			c := text[i]
			i++
			if c == ']' {
				dst = appendZeros(dst, k-done)
				return dst, prepend(dst, start, part{len: k, n: 1}), i
			}
			if c != ',' {
				return dst, nil, -1
			}
			if spaced = i < len(text) && text[i] == ' '; spaced {
				i++
			}
		}
	}
	return dst, nil, -1
}

const roomForHead = "                 " // maxHead bytes

// numbers is what block tells of the beginning of a text, in masks whose lowest
// bit is for the first byte.
type numbers struct {
	starts uint64 // of numbers of at most 7 digits
	zeros  uint64 // digits 0
	commas uint64 // one behind each number
	end    int    // of the last number's separator
}

// block finds small integers with the usual separator behind each. The end is 0
// if text begins with anything else. At least 8 bytes are left behind the last.
func block(text []byte, spaced bool) numbers {
	commas, blanks, zeros := scan(text, spaced)
	// Eight digits in a row are too long for a number here.
	digits := ^(commas | blanks)
	digits &= digits >> 1
	digits &= digits >> 2
	digits &= digits >> 4
	commas &= digits&-digits - 1
	end := bits.Len64(commas)
	below := uint64(1)<<end - 1
	starts := commas<<1 | 1
	if spaced {
		if (blanks^commas<<1)&below != 0 {
			return numbers{}
		}
		starts = commas<<2 | 1
	}
	starts &= below
	if starts&commas != 0 || starts&zeros<<1&^commas != 0 { // no digit, or 0 in front of one
		return numbers{}
	}
	if spaced && blanks>>end&1 != 0 {
		end++
	}
	return numbers{starts, zeros, commas, end}
}

// Text is read eight bytes at a time, as the lanes of a word: a lane further up
// is a byte further on in the text.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// scan tells which of the first bytes of text are commas, blanks and zeros, a bit
// for each. It stops at the first byte that is neither a digit nor a comma nor, if
// spaced, a blank, after 64 bytes, and 8 bytes before the end of text at least.
func scan(text []byte, spaced bool) (commas, blanks, zeros uint64) {
	for size := 0; size < 64 && len(text) >= 16; size += 8 {
		w := binary.LittleEndian.Uint64(text)
		text = text[8:]
		t := w ^ '0'*ones
		notDigit := t&lows + (0x80-10)*ones | t
		notComma := differ(w, ',')
		other := notDigit & notComma & highs
		commas |= mask(^notComma) << size
		zeros |= mask(^(t&lows + lows | t)) << size
		if spaced {
			notBlank := differ(w, ' ')
			other &= notBlank
			blanks |= mask(^notBlank) << size
		}
		if other != 0 {
			before := uint64(1)<<(size+bits.TrailingZeros64(other)/8) - 1
			return commas & before, blanks & before, zeros & before
		}
	}
	return commas, blanks, zeros
}

// differ sets bit 7 of the lanes that do not hold c, and bits of no meaning.
func differ(w uint64, c byte) uint64 {
	t := w ^ uint64(c)*ones
	return t&lows + lows | t
}

// mask returns bit 7 of the lanes as eight bits.
func mask(lanes uint64) uint64 {
	return lanes & highs >> 7 * 0x0102040810204080 >> 56
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
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}
