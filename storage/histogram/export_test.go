package histogram

// ParseText returns the array that text begins with and how long it is, or -1. It
// appends to buf, which the array borrows.
func ParseText(buf, text []byte) (a Array, appended []byte, size int) {
	appended, form, size := parse(buf, text)
	return Array{b: form}, appended, size
}
