package storage

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// An interner is a bounded cache of short strings, so that names and values that come again and again are allocated once.
// Its sets of four are found by hash; a new string takes the place of the oldest in its set. Names mostly come in the order in
// which they came in the record before: each place has a note of the one that was asked for after it.
type interner struct {
	sets []internSet
	last uint16 // place of the last name
}

type internSet struct {
	strings [4]string
	after   [4]uint16 // places: four times the set, and the number in it
	next    uint8
}

const (
	internSets = 1 << 10
	maxIntern  = 64
)

func (t *interner) get(b []byte) string {
	if at := t.find(b); at >= 0 {
		return t.at(uint16(at))
	}
	if t.sets == nil {
		t.sets = make([]internSet, internSets)
	}
	set := &t.sets[hashOf(b)%internSets]
	s := string(b)
	set.strings[set.next%4] = s
	set.next++
	return s
}

func (t *interner) at(place uint16) string { return t.sets[place/4].strings[place%4] }

// find returns the place of the string that is b, if get has returned it before and it has kept its place, else -1. The empty
// string is never found.
func (t *interner) find(b []byte) int {
	if t.sets == nil || len(b) == 0 {
		return -1
	}
	n := hashOf(b) % internSets
	set := &t.sets[n]
	for i := range set.strings {
		if set.strings[i] == string(b) {
			return int(4*n) + i
		}
	}
	return -1
}

// name returns the string that text has before its first quote, if get has returned it before.
func (t *interner) name(text []byte) (s string, ok bool) {
	if t.sets == nil {
		return "", false
	}
	note := &t.sets[t.last/4].after[t.last%4]
	if s = t.at(*note); s != "" && len(s) < len(text) && text[len(s)] == '"' && string(text[:len(s)]) == s {
		t.last = *note
		return s, true
	}
	n := bytes.IndexByte(text, '"')
	if uint(n) > maxIntern {
		return "", false
	}
	place := t.find(text[:n])
	if place < 0 {
		return "", false
	}
	*note, t.last = uint16(place), uint16(place)
	return t.at(t.last), true
}

// hashOf looks at 24 bytes of b. Strings that agree in these and in length share a set; that costs them allocations, no more.
func hashOf(b []byte) uint64 {
	n := len(b)
	h := uint64(n)
	if n >= 8 {
		h ^= binary.LittleEndian.Uint64(b) * 0x9E3779B97F4A7C15
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(b[n-8:])*0xC2B2AE3D27D4EB4F, 31)
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(b[n/2-4:])*0x165667B19E3779F9, 17)
	} else {
		for _, c := range b {
			h = h<<8 | uint64(c)
		}
	}
	return h * 0x9E3779B97F4A7C15 >> 32
}

// intern is string(b) of plain text, without an allocation if it can be.
func (c *cursor) intern(b []byte) string {
	if len(b) == 0 || len(b) > maxIntern || c == nil || c.plain == nil {
		return string(b)
	}
	return c.plain.get(b)
}

// decode returns the text of a string whose content is b.
func (c *cursor) decode(b []byte) (string, bool) {
	var buf []byte
	if c != nil {
		buf = c.scratch
	}
	buf, reason := appendDecoded(buf[:0], b)
	if c != nil {
		c.scratch = buf
	}
	if reason != "" {
		c.malformed(reason)
		return "", false
	}
	return string(buf), true
}

// decodesTo compares the text of a string with a name.
func (c *cursor) decodesTo(b []byte, name string) (equal, ok bool) {
	var buf []byte
	if c != nil {
		buf = c.scratch
	}
	buf, reason := appendDecoded(buf[:0], b)
	if c != nil {
		c.scratch = buf
	}
	if reason != "" {
		c.malformed(reason)
		return false, false
	}
	return string(buf) == name, true
}

// appendDecoded appends the text of a string whose content is b, or says what is malformed in it.
func appendDecoded(dst, b []byte) (text []byte, reason string) {
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c < ' ':
			return dst, "control character in a string"
		case c < utf8.RuneSelf && c != '\\':
			dst = append(dst, c)
			i++
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		if i++; i == len(b) {
			return dst, "malformed escape in a string"
		}
		switch c := b[i]; c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(b[i+1:])
			if r < 0 {
				return dst, "malformed escape in a string"
			}
			i += 4
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if rest := b[i+1:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(rest[2:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, "malformed escape in a string"
		}
		i++
	}
	return dst, ""
}

// hex4 is the number that four hexadecimal digits stand for, or -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6: // precedence: (c|0x20) - 'a'
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
