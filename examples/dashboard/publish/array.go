package publish

import (
	"bytes"
	"strings"
)

// An array of the job is text, in which -n stands for n buckets that are 0, if n is not 1.

// maxZeros is more buckets than any measure has.
const maxZeros = 1 << 15

var manyZeros = strings.Repeat("0,", maxZeros)

// zeros returns how many buckets the number stands for that follows a minus, 0 if it is 1.
func zeros(text []byte) (n, size int) {
	for size < len(text) && text[size]-'0' <= 9 && n < maxZeros {
		n = 10*n + int(text[size]-'0')
		size++
	}
	if n < 2 || n > maxZeros {
		return 0, size
	}
	return n, size
}

// nextZeros returns where the first -n in text is, n, and where what follows it begins; -1 if there is none.
func nextZeros(text []byte) (at, n, end int) {
	for i := 0; ; {
		at := bytes.IndexByte(text[i:], '-')
		if at < 0 {
			return -1, 0, 0
		}
		at += i
		n, size := zeros(text[at+1:])
		i = at + 1 + size
		if n > 0 && at > 0 && (text[at-1] == '[' || text[at-1] == ',') { // not of 1e-7
			return at, n, i
		}
	}
}

// elements returns how many elements an array has that is not empty.
func elements(text []byte) int {
	count := bytes.Count(text, []byte(",")) + 1
	for {
		at, n, end := nextZeros(text)
		if at < 0 {
			return count
		}
		count += n - 1
		text = text[end:]
	}
}

// appendDense appends an array, or the beginning of one, with all its elements.
func appendDense(dst, text []byte) []byte {
	for {
		at, n, end := nextZeros(text)
		if at < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:at]...)
		dst = append(dst, manyZeros[:2*n-1]...)
		text = text[end:]
	}
}
