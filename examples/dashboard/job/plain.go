package job

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/telemetry-mr/mr/storage/exact"
)

const (
	fourZeros   = 0x2c302c302c302c30 // "0,0,0,0,"
	missingOne  = 0x312d             // "-1"
	smallDigits = 5                  // numbers of so many are less than maxSmall
)

// appendPlain appends the entry of the array that text begins with, if it is such as browsers send: without blanks, of natural
// numbers and, in the summary, decimals and -1. It returns the size of the text, 0 if it is another or refused: package
// histogram looks at it then.
func appendPlain(dst []byte, name string, text []byte) (appended []byte, size int) {
	if len(text) < 2 || text[0] != '[' {
		return dst, 0
	}
	b := beginEntry(dst, name)
	var missing indexes
	firstFloat := maxLen
	i, k := 1, 0 // place in text, and index of the element there
	for ended := false; !ended; {
		// Numbers of few digits. Text is looked at eight bytes at a time; what is first in it has the lowest place in a word.
		at := len(b)
		b = slices.Grow(b, 256)
		b = b[:cap(b)]
		for i+8 <= len(text) && at+16 <= len(b) {
			w := word(text, i)
			if w == fourZeros {
				i += 8
				k += 4
				continue
			}
			if isFourDigits(w) {
				at = putDigit(b, at, k, w)
				at = putDigit(b, at, k+1, w>>16)
				at = putDigit(b, at, k+2, w>>32)
				at = putDigit(b, at, k+3, w>>48)
				i += 8
				k += 4
				continue
			}
			n := w&0xff ^ '0'
			if n > 9 {
				next := byte(w >> 16)
				if w&(1<<16-1) != missingOne || next != ',' && next != ']' || !missing.add(k) {
					break
				}
				i += len("-1,")
				k++
				if next == ']' {
					ended = true
					break
				}
				continue
			}
			if byte(w>>8) == ',' {
				i += 2
			} else if second := w>>8&0xff ^ '0'; byte(w>>16) == ',' && n > 0 && second <= 9 {
				n = 10*n + second
				i += 3
			} else {
				size := digitsIn(w)
				if size > smallDigits || n == 0 || byte(w>>(8*size)) != ',' {
					break
				}
				n = eightDigits(w << (64 - 8*size))
				i += size + 1
			}
			binary.LittleEndian.PutUint32(b[at:at+4], uint32(k)<<indexShift|uint32(n))
			if n > 0 {
				at += 4
			}
			k++
		}
		b = b[:at]
		if ended {
			break
		}
		// Any number.
		n, x, end := plainNumber(text, i)
		if k >= maxLen || end < 0 || end == len(text) || text[end] != ',' && text[end] != ']' {
			return dst, 0
		}
		switch {
		case n > 0:
			b = appendInt(b, k, uint64(n))
		case n < 0:
			if !missing.add(k) {
				return dst, 0
			}
		case x > 0:
			b = appendFloat(b, k, x)
			firstFloat = min(firstFloat, k)
		}
		ended = text[end] == ']'
		i = end + 1
		k++
	}
	buckets := k - summaryLen
	if buckets < 0 || k > maxLen || missing.n > 0 && missing.all[0] <= buckets || firstFloat < buckets { // the sum may not be missing
		return dst, 0
	}
	endEntry(b[len(dst):], missing.from(buckets), k, 1)
	return b, i
}

// indexes are those of a few elements.
type indexes struct {
	all [summaryLen]int
	n   int
}

// add returns false if there are too many.
func (s *indexes) add(k int) bool {
	if s.n == len(s.all) {
		return false
	}
	s.all[s.n] = k
	s.n++
	return true
}

// from returns a bit for each element from one on, which must have the first.
func (s *indexes) from(first int) (set uint8) {
	for _, k := range s.all[:s.n] {
		set |= 1 << (k - first)
	}
	return set
}

// plainNumber returns the number at i, n if it is a natural one less than maxInt or -1, x if it is a decimal, and where it ends;
// -1 if it is another.
func plainNumber(text []byte, i int) (n int64, x float64, end int) {
	const (
		maxInts   = 12 // digits, less than maxInt
		maxDigits = 19
	)
	if len(text)-i < 2 {
		return 0, 0, -1
	}
	if text[i] == '-' && text[i+1] == '1' {
		return -1, 0, i + 2
	}
	from := i
	m, i := digits(text, from, 0)
	whole := i - from
	if whole == 0 || whole > maxInts || whole > 1 && text[from] == '0' {
		return 0, 0, -1
	}
	if i == len(text) || text[i] != '.' {
		return int64(m), 0, i
	}
	m, end = digits(text, i+1, m)
	places := end - i - 1
	if places == 0 || whole+places > maxDigits {
		return 0, 0, -1
	}
	return 0, exact.Decimal(m, places), end
}

var pow10 = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// digits appends the digits at i to the number m. It is of use only if m has 19 digits then at most.
func digits(text []byte, i int, m uint64) (number uint64, end int) {
	for i+8 <= len(text) {
		w := word(text, i)
		size := digitsIn(w)
		if size < 8 {
			return m*pow10[size&7] + eightDigits(w<<(64-8*size)), i + size
		}
		m = m*1e8 + eightDigits(w)
		i += 8
	}
	for i < len(text) && text[i]-'0' <= 9 {
		m = 10*m + uint64(text[i]-'0')
		i++
	}
	return m, i
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

func word(text []byte, i int) uint64 { return binary.LittleEndian.Uint64(text[i : i+8 : i+8]) }

// isFourDigits reports whether w is four numbers of one digit, each with a comma behind.
func isFourDigits(w uint64) bool {
	const evens = 0x0001000100010001
	return w&(0xfff0*evens) == fourZeros&(0xfff0*evens) && (w+6*evens)&(0x10*evens) == 0x10*evens
}

// putDigit writes the element that is the first digit in w at a place, and returns the place behind it, the same if it is 0: a
// branch would cost more.
func putDigit(b []byte, at, i int, w uint64) int {
	w &= 0xf
	binary.LittleEndian.PutUint32(b[at:at+4:at+4], uint32(i)<<indexShift|uint32(w))
	return at + int((w+15)>>4<<2)
}

// digitsIn returns how many digits the text in w begins with.
func digitsIn(w uint64) int {
	t := w ^ '0'*ones
	other := (t&lows + (0x80-10)*ones | t) & highs
	return bits.TrailingZeros64(other) / 8
}

// eightDigits returns the number whose last digits are in the bytes of w, its last digit in the highest. The others are 0.
func eightDigits(w uint64) uint64 {
	w &= 0x0f * ones
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	w = w * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return w * (10000<<32 + 1) >> 32
}
