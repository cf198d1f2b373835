package histogram

// ParseText is Parse without a record around the text. It appends to buf, which
// the array borrows.
func ParseText(buf, text []byte) (a Array, appended []byte, ok bool) {
	appended, form, end := parse(buf, text)
	return Array{b: form}, appended, end == len(text)
}
