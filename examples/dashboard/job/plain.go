package job

import (
	"encoding/binary"
	"slices"

	"github.com/telemetry-mr/mr/storage/digits"
	"github.com/telemetry-mr/mr/storage/exact"
)

const (
	missingOne  = 0x312d // "-1"
	smallDigits = 5      // numbers of so many are less than maxSmall
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
			w := digits.Word(text, i)
			if w == digits.FourZeros {
				i += 8
				k += 4
				continue
			}
			if digits.IsFour(w) {
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
				size := digits.In(w)
				if size > smallDigits || n == 0 || byte(w>>(8*size)) != ',' {
					break
				}
				n = digits.Eight(w << (64 - 8*size))
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
	m, i := digits.Append(text, from, 0)
	whole := i - from
	if whole == 0 || whole > maxInts || whole > 1 && text[from] == '0' {
		return 0, 0, -1
	}
	if i == len(text) || text[i] != '.' {
		return int64(m), 0, i
	}
	m, end = digits.Append(text, i+1, m)
	places := end - i - 1
	if places == 0 || whole+places > maxDigits {
		return 0, 0, -1
	}
	return 0, exact.Decimal(m, places), end
}

// putDigit writes the element that is the first digit in w at a place, and returns the place behind it, the same if it is 0: a
// branch would cost more.
func putDigit(b []byte, at, i int, w uint64) int {
	w &= 0xf
	binary.LittleEndian.PutUint32(b[at:at+4:at+4], uint32(i)<<indexShift|uint32(w))
	return at + int((w+15)>>4<<2)
}
