package convert

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// An object is the members of a JSON object in normal form, each name once. It borrows the text.
type object []member

// member is one of an object: the name as it stands between its quotes, the text of the value, and where that is in the normal
// form of the ping, if it is.
type member struct {
	name, value []byte
	at          int
}

// appendMembers appends the members of an object in the normal form of a ping.
func (o object) appendMembers(n *normaliser, at int) object {
	for m := range n.object(at) {
		o = append(o, m)
	}
	return o
}

// members yields the members of the object whose normal form is text, nothing if it is no object.
func members(text []byte) func(yield func(name, value []byte) bool) {
	return func(yield func(name, value []byte) bool) {
		if !isObject(text) {
			return
		}
		for i := 1; text[i] == '"' || text[i] == ','; {
			if text[i] == ',' {
				i++
			}
			name := skipText(text, i+1)
			value := skip(text, name+1)
			if !yield(text[i+1:name-1], text[name+1:value]) {
				return
			}
			i = value
		}
	}
}

// elements yields the elements of the array whose normal form is text, nothing if it is none.
func elements(text []byte) func(yield func(value []byte) bool) {
	return func(yield func(value []byte) bool) {
		if len(text) < 2 || text[0] != '[' || text[1] == ']' {
			return
		}
		for i := 1; ; i++ {
			end := skip(text, i)
			if !yield(text[i:end]) || text[end] == ']' {
				return
			}
			i = end
		}
	}
}

func isObject(text []byte) bool { return len(text) > 1 && text[0] == '{' }

// is tells whether the text of a value, nil if there is none, is exactly this.
func is(value []byte, text string) bool { return string(value) == text }

// isMissing tells whether a value is not there, or null.
func isMissing(value []byte) bool { return value == nil || is(value, "null") }

func (o object) index(name string) int {
	for i := range o {
		if string(o[i].name) == name {
			return i
		}
	}
	return -1
}

// get returns the value of a member, nil if there is none.
func (o object) get(name string) []byte {
	if i := o.index(name); i >= 0 {
		return o[i].value
	}
	return nil
}

// at returns the place of the value of a member that the object has.
func (o object) at(name string) int { return o[o.index(name)].at }

// set gives a member its value, at the end if the object has not got it.
func (o *object) set(name string, value []byte) {
	if i := o.index(name); i >= 0 {
		(*o)[i].value, (*o)[i].at = value, 0
		return
	}
	*o = append(*o, member{name: []byte(name), value: value})
}

func (o *object) remove(name string) {
	if i := o.index(name); i >= 0 {
		*o = append((*o)[:i], (*o)[i+1:]...)
	}
}

// An indexed object finds its members by a table: for as many of them as a ping may have.
type indexed struct {
	*object
	places map[string]int
}

func index(o *object) indexed {
	x := indexed{o, make(map[string]int, len(*o))}
	for i := range *o {
		x.places[string((*o)[i].name)] = i
	}
	return x
}

func (x indexed) contains(name string) bool {
	_, ok := x.places[name]
	return ok
}

// set is that of the object.
func (x indexed) set(name string, value []byte) {
	i, ok := x.places[name]
	if !ok {
		i = len(*x.object)
		x.places[name] = i
		*x.object = append(*x.object, member{name: []byte(name)})
	}
	(*x.object)[i].value, (*x.object)[i].at = value, 0
}

// appendTo appends the text of the object.
func (o object) appendTo(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, o[i].name)
		dst = append(append(dst, ':'), o[i].value...)
	}
	return append(dst, '}')
}

func appendQuoted(dst, text []byte) []byte {
	return append(append(append(dst, '"'), text...), '"')
}

// quote returns the normal form of a string.
func quote(s string) []byte {
	b := []byte{'"'}
	for _, r := range s {
		b = appendEscaped(b, r)
	}
	return append(b, '"')
}

// lookup goes down from the object whose normal form is text. A value that is missing or null, or has no object above it, is
// nil.
func lookup(text []byte, path ...string) []byte {
	for _, step := range path {
		var found []byte
		for name, value := range members(text) {
			if string(name) == step {
				found = value
				break
			}
		}
		if isMissing(found) {
			return nil
		}
		text = found
	}
	return text
}

// truth tells whether a value is more than nothing: neither missing, null, false, a zero, nor empty.
func truth(value []byte) bool {
	if isMissing(value) || is(value, "false") || is(value, `""`) || is(value, "[]") || is(value, "{}") {
		return false
	}
	if value[0] == '-' || value[0] == '0' {
		digits, _, _ := bytes.Cut(bytes.ToLower(value), []byte{'e'})
		return bytes.ContainsAny(digits, "123456789")
	}
	return true
}

// plain returns a string's text, and any other value as it is written.
func plain(value []byte) string {
	if value[0] != '"' {
		return string(value)
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	_ = json.Unmarshal(value, &s) // a string in normal form always has a text
	return s
}

// skip returns the place behind the value at i, in text in normal form.
func skip(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipText(text, i+1)
	case '{', '[':
		return skipNested(text, i)
	}
	for i < len(text) && text[i] != ',' && text[i] != '}' && text[i] != ']' {
		i++
	}
	return i
}

// skipText returns the place behind the string whose content begins at i.
func skipText(text []byte, i int) int {
	for {
		for i+8 <= len(text) {
			x := binary.LittleEndian.Uint64(text[i:])
			q, s := x^quotes, x^backslash8
			if m := ((q-ones)&^q | (s-ones)&^s) & highs; m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for text[i] != '"' && text[i] != '\\' {
			i++
		}
		if text[i] == '"' {
			return i + 1
		}
		i += 2
	}
}

// skipNested returns the place behind the bracket that closes the one at i.
func skipNested(text []byte, i int) int {
	for depth := 0; ; {
		switch text[i] {
		case '"':
			i = skipText(text, i+1)
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
}
