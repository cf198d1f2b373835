package convert

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Strings are scanned eight bytes at a time: x ^ c has a zero byte where x holds c, and (x - ones) &^ x & highs sets the high bit
// of the first zero byte. Bits above that one may be wrong.
const (
	ones       = 0x0101010101010101
	highs      = 0x8080808080808080
	quotes     = ones * '"'
	backslash8 = ones * '\\'
	blanks8    = ones * ' '
)

// text checks the string whose first quote is at i.
func (n *normaliser) text(i int) int {
	b := n.src
	start := i + 1
	for i = start; i+8 <= len(b); i += 8 { // the first byte that is marked, is so for a reason
		x := binary.LittleEndian.Uint64(b[i:])
		q, s := x^quotes, x^backslash8
		if m := ((q-ones)&^q | (s-ones)&^s | (x-blanks8)&^x | x) & highs; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] == '"' {
				return i + 1
			}
			return n.oddText(i)
		}
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return n.oddText(i)
		}
	}
	return n.fail("string without an end", i)
}

// oddText goes on with a string at i, which is neither plain nor its end.
func (n *normaliser) oddText(i int) int {
	n.keep(i)
	b := n.src
	for i < len(b) {
		c := b[i]
		switch {
		case c == '"':
			n.drop(i)
			return i + 1
		case c < ' ':
			return n.fail(controlChar, i)
		case c == '\\':
			size := n.escape(b[i+1:])
			if size == 0 {
				return n.fail("malformed escape in a string", i)
			}
			i += 1 + size
		case c < utf8.RuneSelf:
			n.dst = append(n.dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				n.replaced++
			}
			n.dst = appendEscaped(n.dst, r)
			if i += size; len(n.dst) > maxNormal {
				return n.fail(tooLarge, i)
			}
		}
	}
	return n.fail("string without an end", i)
}

// escape appends the normal form of an escape, of which b is what follows the backslash, and returns its size, 0 if it is
// malformed.
func (n *normaliser) escape(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; c {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		n.dst = append(n.dst, '\\', c)
		return 1
	case '/':
		n.dst = append(n.dst, '/')
		return 1
	case 'u':
		r, err := strconv.ParseUint(string(b[1:min(len(b), 5)]), 16, 16)
		if err != nil || len(b) < 5 {
			return 0
		}
		n.dst = appendEscaped(n.dst, rune(r)) // a surrogate, with its other half or without, stays what it is
		return 5
	}
	return 0
}

// appendEscaped appends a character of a string.
func appendEscaped(dst []byte, r rune) []byte {
	switch {
	case r >= 0x10000:
		high, low := utf16.EncodeRune(r)
		return appendUnit(appendUnit(dst, high), low)
	case r >= utf8.RuneSelf:
		return appendUnit(dst, r)
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= ' ':
		return append(dst, byte(r))
	}
	if i := bytes.IndexByte([]byte("\b\f\n\r\t"), byte(r)); i >= 0 {
		return append(dst, '\\', "bfnrt"[i])
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
