package histogram

// The functions here go over JSON text: they take the place where something begins and return the place behind it, or -1 if
// it is not there or malformed.

// enter goes into the object or array at i. It returns the place of what is first in it, or behind it if it is empty.
func enter(b []byte, i int, open byte) (at int, more bool) {
	if i >= len(b) || b[i] != open {
		return -1, false
	}
	if i = skipBlanks(b, i+1); i < len(b) && b[i] == open+2 { // the ASCII of {} and []
		return i + 1, false
	}
	return i, true
}

// next goes from the end of a member or an element to the next one, or behind the closing bracket if that was the last.
func next(b []byte, i int, closing byte) (at int, more bool) {
	if i+1 < len(b) && b[i] == ',' && b[i+1] > ' ' { // as machines write it
		return i + 1, true
	}
	if i = skipBlanks(b, i); i < len(b) {
		switch b[i] {
		case ',':
			return skipBlanks(b, i+1), true
		case closing:
			return i + 1, false
		}
	}
	return -1, false
}

// skipColon goes from the end of a member's name to its value.
func skipColon(b []byte, i int) int {
	if i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
		return i + 1
	}
	if i = skipBlanks(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return skipBlanks(b, i+1)
}

// skipValue goes over any value. Of objects and arrays it sees the brackets and strings, no more.
func skipValue(b []byte, i int) int {
	if i == len(b) {
		return -1
	}
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i)
	case c == '{' || c == '[':
		return skipNested(b, i)
	case c == '-' || isDigit(c):
		i, _ = skipNumber(b, i)
		return i
	}
	return skipWord(b, i)
}

func skipNested(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = skipString(b, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

func skipString(b []byte, i int) int {
	if i == len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
		case c < ' ':
			return -1
		}
	}
	return -1
}

// skipNumber also tells whether the number is written as an integer.
func skipNumber(b []byte, i int) (end int, integer bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	if i = skipDigits(b, i); i < 0 || b[first] == '0' && i > first+1 {
		return -1, false
	}
	integer = true
	if i < len(b) && b[i] == '.' {
		integer = false
		if i = skipDigits(b, i+1); i < 0 {
			return -1, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		integer = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = skipDigits(b, i)
	}
	return i, integer
}

func skipDigits(b []byte, i int) int {
	from := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

func skipWord(b []byte, i int) int {
	for _, word := range [...]string{"null", "true", "false"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word)
		}
	}
	return -1
}

// natural goes over a number such as browsers have in keys and ranges: digits, not too many, of which the first is not 0
// unless it is the only one.
func natural(b []byte, i int) (n int64, end int) {
	from := i
	for i < len(b) && isDigit(b[i]) {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	if size := i - from; size == 0 || size > 16 || size > 1 && b[from] == '0' {
		return 0, -1
	}
	return n, i
}

func quotedNatural(b []byte, i int) (n int64, end int) {
	if i == len(b) || b[i] != '"' {
		return 0, -1
	}
	n, i = natural(b, i+1)
	if i < 0 || i == len(b) || b[i] != '"' {
		return 0, -1
	}
	return n, i + 1
}
