package histogram

import "errors"

// UnmarshalJSON sets *a to the array whose text is given, all of it. It keeps no
// reference to text. Anything but an array of numbers and nulls that float64 can
// represent is an error, and leaves *a alone.
func (a *Array) UnmarshalJSON(text []byte) error {
	_, form, end := parse(nil, text)
	if end < 0 || end != len(text) {
		return errors.New("histogram: not an array of numbers")
	}
	*a = Array{b: Array{b: form}.binary()}
	return nil
}
