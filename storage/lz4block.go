package storage

import (
	"encoding/binary"
	"errors"
)

var errLZ4Block = errors.New("lz4: block damaged")

// lz4Block decodes a block to the beginning of dst, and returns how long it is. history is what came before. What is behind it
// in dst may be overwritten.
//
// A block is sequences of a token, literals, and a match: how far back it is (2 bytes) and, in the token, how long. The token
// has the number of literals in its upper four bits and the length of the match, less four, in the lower; 15 is continued by
// bytes that add up, to the first that is not 255. The last sequence has no match.
func lz4Block(dst, src, history []byte) (int, error) {
	d, s := 0, 0
	for s < len(src) {
		token := src[s]
		s++

		n := int(token >> 4)
		if n == 15 {
			if n, s = lz4Length(n, src, s); s < 0 {
				return 0, errLZ4Block
			}
		}
		switch {
		case n <= 16 && s+16 <= len(src) && d+16 <= len(dst): // most are: a copy of a fixed size is two instructions
			*(*[16]byte)(dst[d:]) = *(*[16]byte)(src[s:])
		case n > len(src)-s || n > len(dst)-d:
			return 0, errLZ4Block
		default:
			copy(dst[d:], src[s:s+n])
		}
		s, d = s+n, d+n
		if s == len(src) {
			return d, nil
		}

		if s+2 > len(src) {
			return 0, errLZ4Block
		}
		back := int(binary.LittleEndian.Uint16(src[s:]))
		s += 2
		n = int(token & 15)
		if n == 15 {
			if n, s = lz4Length(n, src, s); s < 0 {
				return 0, errLZ4Block
			}
		}
		n += 4
		if back == 0 || back > d+len(history) || n > len(dst)-d {
			return 0, errLZ4Block
		}
		from := d - back
		if back >= 16 && from >= 0 && n <= 32 && d+32 <= len(dst) { // likewise; the second half may begin in the first
			*(*[16]byte)(dst[d:]) = *(*[16]byte)(dst[from:])
			*(*[16]byte)(dst[d+16:]) = *(*[16]byte)(dst[from+16:])
			d += n
			continue
		}
		end := d + n
		if from < 0 {
			d += copy(dst[d:end], history[len(history)+from:])
			from = 0
		}
		for d < end { // a match may reach into itself: then what there is of it doubles
			d += copy(dst[d:end], dst[from:d])
		}
	}
	return 0, errLZ4Block
}

// lz4Length adds up a length that begins with n and goes on at src[s:]. The place behind it is -1 if it does not end.
func lz4Length(n int, src []byte, s int) (length, place int) {
	for s < len(src) {
		b := src[s]
		s++
		n += int(b)
		if b != 255 {
			return n, s
		}
	}
	return 0, -1
}
