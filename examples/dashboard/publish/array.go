package publish

import (
	"bytes"
	"strings"
)

// An array of the job is text, in which -n stands for n buckets that are 0, if n is not 1.

// maxZeros is more buckets than any measure has.
const maxZeros = 1 << 15

var manyZeros = strings.Repeat("0,", maxZeros)

// zeros returns how many buckets the number stands for that follows a minus, 0 if it is 1 or no such number.
func zeros(text []byte) (n, size int) {
	for size < len(text) && text[size]-'0' <= 9 && n < maxZeros {
		n = 10*n + int(text[size]-'0')
		size++
	}
	if n < 2 || n > maxZeros || size == len(text) || text[size] != ',' && text[size] != ']' {
		return 0, size
	}
	return n, size
}

// appendDense appends an array that is not empty with all its elements, of which there are n. If they are more than most, what
// is appended is not all.
func appendDense(dst, text []byte, most int) (dense []byte, n int) {
	n = bytes.Count(text, comma) + 1
	done := 0
	for i := 0; ; i++ {
		next := bytes.IndexByte(text[i:], '-')
		if next < 0 {
			return append(dst, text[done:]...), n
		}
		i += next
		if i == 0 || text[i-1] != '[' && text[i-1] != ',' { // 1e-7
			continue
		}
		more, size := zeros(text[i+1:])
		if more == 0 {
			continue
		}
		if n += more - 1; n > most {
			return dst, n
		}
		dst = append(dst, text[done:i]...)
		dst = append(dst, manyZeros[:2*more-1]...)
		done = i + 1 + size
	}
}

var comma = []byte(",")
