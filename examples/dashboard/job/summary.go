package job

import "bytes"

// withoutMissing makes null of the summary values in the text of a sum that are missing in all its pings.
func withoutMissing(text []byte, missing uint8) []byte {
	if missing == 0 {
		return text
	}
	var tail [][]byte
	head := text[:len(text)-1] // without the bracket
	for range 5 {
		comma := bytes.LastIndexByte(head, ',')
		if comma < 0 {
			return text
		}
		tail = append(tail, head[comma+1:])
		head = head[:comma]
	}
	out := append([]byte(nil), head...)
	for i := range 5 {
		out = append(out, ',')
		if missing>>i&1 != 0 {
			out = append(out, "null"...)
		} else {
			out = append(out, tail[4-i]...)
		}
	}
	return append(out, ']')
}
