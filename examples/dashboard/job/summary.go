package job

import "bytes"

// withoutMissing makes null of the summary values, at the end of the text of a sum, that are missing in all its pings. It
// uses the memory of text.
func withoutMissing(text []byte, missing uint8) []byte {
	const summary = 5
	if missing == 0 {
		return text
	}
	var commas [summary]int
	end := len(text)
	for i := summary - 1; i >= 0; i-- {
		if end = bytes.LastIndexByte(text[:end], ','); end < 0 {
			return text
		}
		commas[i] = end
	}
	var room [128]byte
	values := append(room[:0], text[end:len(text)-1]...) // without the bracket
	text = text[:end]
	for i, comma := range commas {
		from, to := comma-end, len(values)
		if i+1 < summary {
			to = commas[i+1] - end
		}
		if missing>>i&1 != 0 {
			text = append(text, ",null"...)
		} else {
			text = append(text, values[from:to]...)
		}
	}
	return append(text, ']')
}
