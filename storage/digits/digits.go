// Package digits reads decimal digits eight at a time.
//
// It looks at words: eight bytes of text as a number, of which the first byte of the text is the lowest.
package digits

import (
	"encoding/binary"
	"math/bits"
)

// FourZeros is the word "0,0,0,0,".
const FourZeros = '0'*evens | ','*evens<<8

const (
	evens = 0x0001000100010001
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

// Word returns the word at i.
func Word(text []byte, i int) uint64 { return binary.LittleEndian.Uint64(text[i : i+8 : i+8]) }

// In returns how many digits w begins with.
func In(w uint64) int {
	t := w ^ '0'*ones
	other := (t&lows + (0x80-10)*ones | t) & highs
	return bits.TrailingZeros64(other) / 8
}

// Eight returns the number whose last digits are in the bytes of w, the last one in the highest. Bytes without a digit are 0.
func Eight(w uint64) uint64 {
	w &= 0x0f * ones
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	w = w * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return w * (10000<<32 + 1) >> 32
}

// IsFour reports whether w is four numbers of one digit, each with a comma behind.
func IsFour(w uint64) bool {
	return w&(0xfff0*evens) == FourZeros&(0xfff0*evens) && (w+6*evens)&(0x10*evens) == 0x10*evens
}

var powersOf10 = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// Append appends the digits at i to the decimal number m and returns where they end. The number is worth something only if it
// has 19 digits then at most.
func Append(text []byte, i int, m uint64) (number uint64, end int) {
	for i+8 <= len(text) {
		w := Word(text, i)
		n := In(w)
		if n < 8 {
			return m*powersOf10[n&7] + Eight(w<<(64-8*n)), i + n
		}
		m = m*1e8 + Eight(w)
		i += 8
	}
	for i < len(text) && text[i]-'0' < 10 {
		m = m*10 + uint64(text[i]-'0')
		i++
	}
	return m, i
}
