package storage

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Scanning of JSON text, eight bytes at a time: x ^ ch has a zero byte where x holds ch, and (x - ones) &^ x & highs sets the
// high bit of the first zero byte. Bits above that one may be wrong.
const (
	ones       = 0x0101010101010101
	highs      = 0x8080808080808080
	quotes     = ones * '"'
	backslash8 = ones * '\\'
	blanks8    = ones * ' '
)

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// skipBlanks returns the place of the first byte from i on that is no blank.
func skipBlanks(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// skipString returns the place behind the closing quote of the string whose content begins at i, or -1.
func skipString(b []byte, i int) int {
	start := i
	p := b[i:]
	for len(p) > 8 {
		x := binary.LittleEndian.Uint64(p)
		q, s := x^quotes, x^backslash8
		if m := ((q-ones)&^q | (s-ones)&^s) & highs; m != 0 {
			i = len(b) - len(p) + bits.TrailingZeros64(m)>>3
			if b[i] == '"' {
				return i + 1
			}
			break
		}
		if p = p[8:]; len(b)-len(p)-start >= 64 { // most strings are shorter
			i = len(b) - len(p)
			break
		}
	}
	for i < len(b) {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		escapes := 0
		for j := i - 2; j >= start && b[j] == '\\'; j-- {
			escapes++
		}
		if escapes&1 == 0 {
			return i
		}
	}
	return -1
}

// scanString is skipString for a string that is looked at: plain tells that its content is its text, that is ASCII without
// escapes and control characters.
func scanString(b []byte, i int) (end int, plain bool) {
	p := b[i:]
	for len(p) > 8 {
		x := binary.LittleEndian.Uint64(p)
		q, s := x^quotes, x^backslash8
		if m := ((q-ones)&^q | (s-ones)&^s | (x-blanks8)&^x | x) & highs; m != 0 {
			j := len(b) - len(p) + bits.TrailingZeros64(m)>>3
			if b[j] == '"' {
				return j + 1, true
			}
			return skipString(b, i), false
		}
		p = p[8:]
	}
	for j, c := range p {
		switch {
		case c == '"':
			return len(b) - len(p) + j + 1, true
		case c == '\\' || c < ' ' || c >= 0x80:
			return skipString(b, i), false
		}
	}
	return -1, false
}

// flatEnd returns the place behind the array that begins at i, if it holds numbers only, else -1. It looks no further than to
// what makes it give up.
func flatEnd(b []byte, i int) int {
	p := b[i+1:]
	for len(p) > 16 {
		x, y := binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
		mx, my := pauses(x), pauses(y)
		if mx|my == 0 {
			p = p[16:]
			continue
		}
		n := bits.TrailingZeros64(mx) >> 3 // 8 if there is none
		if n == 8 {
			n += bits.TrailingZeros64(my) >> 3
		}
		if p = p[n&15:]; p[0] == ']' {
			return len(b) - len(p) + 1
		}
		if p[0]|0x20 != 'e' { // of 1e9
			return -1
		}
		p = p[1:]
	}
	for j, c := range p {
		switch {
		case c == ']':
			return len(b) - len(p) + j + 1
		case c == '"' || c&0x40 != 0 && c|0x20 != 'e':
			return -1
		}
	}
	return -1
}

// pauses marks the bytes of x that are quotes or have bit 6, as brackets and letters have, but not digits, commas or blanks.
func pauses(x uint64) uint64 {
	q := x ^ quotes
	return (x<<1 | (q-ones)&^q) & highs
}

// skipNested returns the place behind the bracket that closes the one at i, or -1. Brackets must match and strings must end;
// nothing else is checked. Depth costs a bit a level.
func skipNested(b []byte, i int) int {
	if b[i] == '[' {
		if end := flatEnd(b, i); end > 0 {
			return end
		}
	}
	var deep []uint64                 // the kinds of all levels but the last 64
	kinds := 1<<1 | uint64(b[i]>>5&1) // a bit a level: 1 for an object; above them a one
	for i++; i < len(b); {
		switch c := b[i]; c {
		case '"':
			// What follows a key is tried in the order in which it comes most: that saves finding out what it is.
			if i = skipString(b, i+1); i < 0 {
				return -1
			}
			if i < len(b) && b[i] == ':' {
				i++
				if i < len(b) && b[i] == ' ' {
					i++
				}
				if i < len(b) && b[i] == '[' {
					if end := flatEnd(b, i); end > 0 {
						i = end
					}
				}
			}
			if i < len(b) && b[i] == ',' {
				i++
				if i < len(b) && b[i] == ' ' {
					i++
				}
			}
		case '{', '[':
			if c == '[' {
				if end := flatEnd(b, i); end > 0 {
					i = end
					continue
				}
			}
			if bits.LeadingZeros64(kinds) == 0 {
				deep = append(deep, kinds)
				kinds = 1
			}
			kinds = kinds<<1 | uint64(c>>5&1)
			i++
		case '}', ']':
			if kinds&1 != uint64(c>>5&1) {
				return -1
			}
			i++
			if kinds >>= 1; kinds == 1 {
				if len(deep) == 0 {
					return i
				}
				kinds, deep = deep[len(deep)-1], deep[:len(deep)-1]
			}
		default:
			i = nextPause(b, i+1)
		}
	}
	return -1
}

// nextPause returns the place of the first quote or bracket from i on, or len(b).
func nextPause(b []byte, i int) int {
	for i < len(b) && (b[i]&0x40 == 0 && b[i] != '"' || scalarByte[b[i]]) {
		if i+8 <= len(b) {
			if m := pauses(binary.LittleEndian.Uint64(b[i:])); m == 0 {
				i += 8
				continue
			} else if n := bits.TrailingZeros64(m) >> 3; n > 0 {
				i += n
				continue
			}
		}
		i++
	}
	return i
}

// scalarByte tells the bytes that numbers and the words true, false and null are made of.
var scalarByte = func() (t [256]bool) {
	for _, c := range "0123456789+-.eEtrufalsn" {
		t[c] = true
	}
	return t
}()

// skipScalar returns the place behind the number or word at i, or -1.
func skipScalar(b []byte, i int) int {
	start := i
	for i < len(b) && scalarByte[b[i]] {
		i++
	}
	switch text := b[start:i]; {
	case len(text) == 0:
		return -1
	case text[0] == '-' || text[0]-'0' < 10:
		return i
	case string(text) == "null", string(text) == "true", string(text) == "false":
		return i
	}
	return -1
}

// skipValue returns the place behind the value at i, or -1.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return skipString(b, i+1)
	case '{', '[':
		return skipNested(b, i)
	}
	return skipScalar(b, i)
}

// scanNumber returns the place behind the number that b begins with and whether it is an integer, or -1.
func scanNumber(b []byte) (end int, integer bool) {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		return i > start
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return -1, false
	}
	integer = true
	if i < len(b) && b[i] == '.' {
		i++
		integer = false
		if !digits() {
			return -1, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		integer = false
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1, false
		}
	}
	return i, integer
}

// ends tells that a number or word may end at i.
func ends(b []byte, i int) bool {
	return i == len(b) || b[i] == ',' || b[i] == '}' || b[i] == ']' || isBlank(b[i])
}
