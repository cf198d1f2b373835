package histogram

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendCompact appends well-formed JSON without blanks and with nothing but ASCII.
func appendCompact(dst, text []byte) []byte {
	inString := false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(text[i:])
			dst = appendEscape(dst, r)
			i += size
			continue
		case inString && c == '\\':
			dst = append(dst, c, text[i+1])
			i += 2
			continue
		case c == '"':
			inString = !inString
		case !inString && c <= ' ':
			i++
			continue
		}
		dst = append(dst, c)
		i++
	}
	return dst
}

// appendEscape appends a character as \u and four digits, or as two of these.
func appendEscape(dst []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); r > 0xffff {
		return appendEscape(appendEscape(dst, high), low)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
