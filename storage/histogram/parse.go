package histogram

import (
	"encoding/binary"
	"math/bits"
	"slices"
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
	dst = slices.Grow(dst, maxHead)[:start]
	i := skipBlanks(text, 1)
	if i < len(text) && text[i] == ']' {
		return dst, prepend(dst, start, part{n: 1}), i + 1
	}
	n := 0     // elements before i
	zeros := 0 // the last of them, which are 0 and not in dst
	for {
		for {
			dst = slices.Grow(dst, batch)
			size, count, end, left := parseSmall((*[batch]byte)(dst[len(dst):cap(dst)]), text[i:], zeros)
			dst = dst[:len(dst)+size]
			n += count
			i += end
			zeros = left
			if size < batch-8 {
				break
			}
		}
		// Any other element, mostly of the summary.
		if i < len(text) && text[i] <= ' ' {
			i = skipBlanks(text, i)
		}
		var v value
		if digit := oneDigit(text, i); digit >= 0 {
			v.n = int64(digit)
			i++
		} else if i < len(text) && text[i] == '-' && oneDigit(text, i+1) >= 0 { // usually -1
			v.n = -int64(oneDigit(text, i+1))
			i += 2
		} else if v, i = number(text, i); i < 0 {
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
		if i < len(text) && text[i] <= ' ' {
			i = skipBlanks(text, i)
		}
		if i == len(text) {
			return dst, nil, -1
		}
		c := text[i]
		i++
		if c == ']' {
			dst = appendZeros(dst, zeros)
			return dst, prepend(dst, start, part{len: n, n: 1}), i
		}
		if c != ',' {
			return dst, nil, -1
		}
	}
}

// parseSmall reads integers of one or two digits with a comma behind, of which
// most are 0 and most others have one digit. It writes entries for those that are
// not 0 to out until there is no room for four, and returns the size of the
// entries, how many integers there were and where they end, and how many zeros are
// behind the last entry. In front of the first there are some already.
func parseSmall(out *[batch]byte, text []byte, zeros int) (size, n, end, left int) {
	i := 0
	for len(text)-i >= 8 && size <= batch-8 && zeros <= maxZeros-4 {
		w := word(text, i)
		if w == fourZeros {
			n += 4
			zeros += 4
			i += 8
			continue
		}
		if w&fourCommas == fourZeros&fourCommas && fourAtMost9(w) {
			for range 4 {
				// An entry that is for 0 is written over by the next.
				digit := int(w & 0x0f)
				out[size&(batch-1)] = byte(zeros)
				out[(size+1)&(batch-1)] = byte(digit + bias)
				nonzero := (digit + 15) >> 4
				size += 2 * nonzero
				zeros = (zeros + 1) & (nonzero - 1)
				w >>= 16
			}
			n += 4
			i += 8
			continue
		}
		// Branches, which the processor foresees, are better here than arithmetic that
		// it must wait for to know where the next element begins.
		x := byte(w) - '0'
		if x > 9 {
			break
		}
		at := i + 2
		if byte(w>>8) != ',' {
			y := byte(w>>8) - '0'
			if y > 9 || x == 0 || byte(w>>16) != ',' {
				break
			}
			x = 10*x + y
			at++
		}
		i = at
		if i < len(text) && text[i] == ' ' {
			i++
		}
		n++
		if x == 0 {
			zeros++
			continue
		}
		out[size&(batch-1)] = byte(zeros)
		out[(size+1)&(batch-1)] = x + bias
		size += 2
		zeros = 0
	}
	return size, n, i, zeros
}

const batch = 64

// oneDigit returns the number at i if it is one digit, -1 otherwise.
func oneDigit(b []byte, i int) int {
	if i+1 < len(b) && b[i]-'0' < 10 && (b[i+1] == ',' || b[i+1] == ']') {
		return int(b[i] - '0')
	}
	return -1
}

// fourAtMost9 tells whether every second byte of w, which is at least '0', is a
// digit.
func fourAtMost9(w uint64) bool {
	return (w+0x0006000600060006)&0x0010001000100010 == fourZeros&0x0010001000100010
}

const (
	fourZeros  = 0x2c302c302c302c30 // "0,0,0,0,"
	fourCommas = 0xfff0fff0fff0fff0 // what all texts of four digits have in common
)

// Text is read eight bytes at a time, as the lanes of a word: a lane further up
// is a byte further on in the text.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

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
