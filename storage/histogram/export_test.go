package histogram

// ParseText is Parse without a record around the text.
func ParseText(text []byte) (Array, bool) {
	n, plain, ok := scan(text)
	return Array{form: formText, len: int32(n), plain: int32(plain), b: text}, ok
}
