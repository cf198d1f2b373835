package job

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/telemetry-mr/mr/storage/exact"
)

const (
	fourZeros   = 0x2c302c302c302c30 // "0,0,0,0,"
	missingOne  = 0x2c312d           // "-1,"
	smallDigits = 5                  // numbers of so many are less than maxSmall
)

// appendPlain appends the entry of the array that text begins with, if it is such as browsers send: without blanks, of natural
// numbers and, in the summary, decimals and -1. It returns the size of the text, 0 if it is another or refused: package
// histogram looks at it then. Text is looked at eight bytes at a time; what is first in it has the lowest place in a word.
func appendPlain(dst []byte, name string, text []byte) (appended []byte, size int) {
	if len(text) < 2 || text[0] != '[' {
		return dst, 0
	}
	start := len(dst)
	b := beginEntry(dst, name)
	var missing [summaryLen]int // indexes
	nm, firstFloat := 0, maxLen
	i, k := 1, 0
	for more := true; more; k++ {
		b = slices.Grow(b, 256)
		all := b[:cap(b)]
		at := len(b)
		for i+8 <= len(text) && at+16 <= len(all) {
			w := binary.LittleEndian.Uint64(text[i:])
			if w == fourZeros {
				i += 8
				k += 4
				continue
			}
			n := w&0xff ^ '0'
			if n > 9 {
				if w&(1<<24-1) != missingOne || nm == len(missing) {
					break
				}
				missing[nm] = k
				nm++
				i += len("-1,")
				k++
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
			binary.LittleEndian.PutUint32(all[at:at+4], uint32(k)<<indexShift|uint32(n))
			if n > 0 {
				at += 4
			}
			k++
		}
		b = all[:at]
		if k >= maxLen {
			return dst, 0
		}
		var v number
		if v, i = plainNumber(text, i); i < 0 {
			return dst, 0
		}
		switch {
		case v.kind == kindFloat:
			b = appendFloat(b, k, v.x)
			firstFloat = min(firstFloat, k)
		case v.n > 0:
			b = appendInt(b, k, uint64(v.n))
		case v.n < 0:
			if nm == len(missing) {
				return dst, 0
			}
			missing[nm] = k
			nm++
		}
		switch {
		case i == len(text) || text[i] != ',' && text[i] != ']':
			return dst, 0
		case text[i] == ']':
			more = false
		}
		i++
	}
	buckets := k - summaryLen
	if buckets < 0 || nm > 0 && missing[0] <= buckets || firstFloat < buckets { // the sum may not be missing
		return dst, 0
	}
	var absent uint8
	for _, at := range missing[:nm] {
		absent |= 1 << (at - buckets)
	}
	endEntry(b[start:], absent, k, 1)
	return b, i
}

// plainNumber returns the number at i, a natural one less than maxInt, a decimal, or -1, and where it ends; -1 if it is
// another.
func plainNumber(text []byte, i int) (v number, end int) {
	const (
		maxInts   = 12 // digits, less than maxInt
		maxDigits = 19
	)
	if len(text)-i < 2 {
		return v, -1
	}
	if text[i] == '-' && text[i+1] == '1' {
		return number{n: -1}, i + 2
	}
	from := i
	m, i := digits(text, from, 0)
	n := i - from
	if n == 0 || n > maxInts || n > 1 && text[from] == '0' {
		return v, -1
	}
	if i == len(text) || text[i] != '.' {
		return number{n: int64(m)}, i
	}
	m, end = digits(text, i+1, m)
	places := end - i - 1
	if places == 0 || n+places > maxDigits {
		return v, -1
	}
	return number{kind: kindFloat, x: exact.Decimal(m, places)}, end
}

// digits appends the digits at i to the number m. It is of use only if m has 19 digits then at most.
func digits(text []byte, i int, m uint64) (number uint64, end int) {
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
