package storage

import (
	"iter"
	"strconv"
	"unsafe"
)

// A Value is a field of a record, not yet looked at: its methods read the text when they are called. The zero Value is that of
// a field that does not exist. A Value is valid as long as its record.
type Value struct {
	b     []byte // the text from the first byte of the value on
	at    *cursor
	exact bool // b ends where the value ends
}

// Exists reports whether there is such a field. A null is a field.
func (v Value) Exists() bool { return v.b != nil }

// Get goes further down, as Record.Get does. A field of something that is no object does not exist.
func (v Value) Get(path ...string) Value { return field(v.b, v.at, v.exact, path) }

// Str returns the decoded text of a string, and false for anything else. A lone surrogate and a byte that is not UTF-8 become
// U+FFFD, as encoding/json has it. The string is safe to keep; short ones of plain ASCII that repeat cost no allocation.
func (v Value) Str() (string, bool) {
	if len(v.b) == 0 || v.b[0] != '"' {
		return "", false
	}
	end, plain := scanString(v.b, 1)
	if plain {
		return v.at.intern(v.b[1 : end-1]), true
	}
	if end < 0 {
		v.at.malformed("string without an end")
		return "", false
	}
	return v.at.decode(v.b[1 : end-1])
}

// Int returns an integer that is written as one and fits. 1.0 and 1e3 are numbers, but no integers.
func (v Value) Int() (int64, bool) {
	b := v.b
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, negative = 1, true
	}
	if i >= len(b) || b[i]-'0' > 9 {
		v.checkScalar()
		return 0, false
	}
	start := i
	var n uint64
	for i < len(b) && b[i]-'0' < 10 {
		if i-start == 19 {
			return v.wideInt()
		}
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	if !ends(b, i) || b[start] == '0' && i > start+1 {
		v.number() // a fraction, or malformed
		return 0, false
	}
	if negative && n <= 1<<63 {
		return -int64(n), true
	}
	if negative || n >= 1<<63 {
		return 0, false
	}
	return int64(n), true
}

// wideInt is Int for more than 19 digits: none of them fits, but they may be malformed.
func (v Value) wideInt() (int64, bool) {
	v.number()
	return 0, false
}

// Float returns a number as the nearest float64, and false for anything else and for a number beyond the range of float64.
func (v Value) Float() (float64, bool) {
	text := v.number()
	if text == nil {
		return 0, false
	}
	x, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	if err != nil {
		return 0, false
	}
	return x, true
}

// number returns the text of a number, nil for anything else.
func (v Value) number() []byte {
	if len(v.b) == 0 || v.b[0] != '-' && v.b[0]-'0' > 9 {
		v.checkScalar()
		return nil
	}
	end, _ := scanNumber(v.b)
	if end < 0 || !ends(v.b, end) {
		v.at.malformed("malformed number")
		return nil
	}
	return v.b[:end]
}

// Bool returns a true or false, and ok.
func (v Value) Bool() (value, ok bool) {
	if v.isWord("true") {
		return true, true
	}
	if v.isWord("false") {
		return false, true
	}
	v.checkScalar()
	return false, false
}

// IsNull reports whether the field is there and null.
func (v Value) IsNull() bool {
	if v.isWord("null") {
		return true
	}
	v.checkScalar()
	return false
}

func (v Value) isWord(word string) bool {
	return len(v.b) >= len(word) && string(v.b[:len(word)]) == word && ends(v.b, len(word))
}

// checkScalar marks a record in which a word is none of the three.
func (v Value) checkScalar() {
	if len(v.b) == 0 {
		return
	}
	switch v.b[0] {
	case '"', '{', '[':
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if end, _ := scanNumber(v.b); end < 0 || !ends(v.b, end) {
			v.at.malformed("malformed number")
		}
	default:
		if !v.isWord("null") && !v.isWord("true") && !v.isWord("false") {
			v.at.malformed("malformed word")
		}
	}
}

// Array returns the elements of an array in order, and false for anything else. A malformed array ends early, and Err of the
// record reports it.
func (v Value) Array() (elements iter.Seq[Value], ok bool) {
	return v.elements, len(v.b) > 0 && v.b[0] == '['
}

// Object returns the members of an object in order, equal keys included, and false for anything else. The keys are decoded
// and safe to keep. A malformed object ends early, and Err of the record reports it.
func (v Value) Object() (members iter.Seq2[string, Value], ok bool) {
	return v.members, len(v.b) > 0 && v.b[0] == '{'
}

// Elements is the first result of Array: nothing if v is no array. Ranged over directly, it needs no allocation.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) { v.elements(yield) }
}

// At returns element i of an array, from 0; of anything else, or beyond the end, a value that does not exist. It reads past the
// elements before it, so Elements is the way to read many.
func (v Value) At(i int) Value {
	for e := range v.Elements() {
		if i == 0 {
			return e
		}
		i--
	}
	return Value{}
}

// Members is the first result of Object: nothing if v is no object. Ranged over directly, it needs no allocation:
//
//	for name, v := range rec.Get("histograms").Members() {
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) { v.members(yield) }
}

// Raw returns the JSON text of the value, nil if it does not exist or is malformed. It is borrowed from the record.
func (v Value) Raw() []byte {
	if v.exact || v.b == nil {
		return v.b
	}
	end := skipValue(v.b, 0)
	if end < 0 {
		v.at.malformed("malformed value")
		return nil
	}
	return v.b[:end:end]
}

// Rest returns the text that the value is at the beginning of, as far as the record goes or the end of the value is known: for
// packages that decode the text of values themselves. It is borrowed from the record.
func (v Value) Rest() []byte { return v.b }

// Malformed marks the record as bad, for packages that decode the text of values themselves. The first reason counts.
func (v Value) Malformed(reason string) { v.at.malformed(reason) }

// Buffer returns a buffer for packages that decode the text of values themselves. What is appended to it is valid as long as
// the record is, and the next record's buffer is empty, so that in the long run nothing is allocated. A record that came from
// no Reader has a new buffer for each call.
func (v Value) Buffer() *[]byte {
	if v.at == nil || v.at.buffer == nil {
		return new([]byte)
	}
	return v.at.buffer
}

func (v Value) elements(yield func(Value) bool) {
	b := v.b
	if len(b) == 0 || b[0] != '[' {
		return
	}
	i := skipBlanks(b, 1)
	if i < len(b) && b[i] == ']' {
		v.at.closed(b, i, v.exact)
		return
	}
	for {
		end := skipValue(b, i)
		if end < 0 {
			v.at.malformed("malformed array element")
			return
		}
		if !yield(Value{b: b[i:end:end], at: v.at, exact: true}) {
			return
		}
		i = skipBlanks(b, end)
		if i >= len(b) || b[i] != ',' {
			if i < len(b) && b[i] == ']' {
				v.at.closed(b, i, v.exact)
			} else {
				v.at.malformed("array without comma or end")
			}
			return
		}
		i = skipBlanks(b, i+1)
	}
}

func (v Value) members(yield func(string, Value) bool) {
	v.Walk(func(name string, member Value) (size int, more bool) {
		size = skipMember(member.b, 0)
		if size < 0 {
			v.at.malformed("malformed object member")
			return 0, false
		}
		member.b, member.exact = member.b[:size:size], true
		return size, yield(name, member)
	})
}

// Walk is Members for packages that decode the text of values themselves, and so find out where it ends. It calls visit with
// each member, whose Rest is not looked at before. visit returns how much of it the value is, and whether to go on. Walk returns
// how much of v's Rest the object is; 0 if visit has ended it, or it is malformed or no object.
func (v Value) Walk(visit func(name string, member Value) (size int, more bool)) int {
	b := v.b
	if len(b) == 0 || b[0] != '{' {
		return 0
	}
	i := skipBlanks(b, 1)
	if i < len(b) && b[i] == '}' {
		v.at.closed(b, i, v.exact)
		return v.closedAt(i)
	}
	for {
		if i >= len(b) || b[i] != '"' {
			v.at.malformed("object member without a key")
			return 0
		}
		name, keyEnd := v.at.known(b, i+1)
		if keyEnd < 0 {
			if name, keyEnd = v.at.name(b, i+1); keyEnd < 0 {
				return 0
			}
		}
		start := keyEnd + 1
		if start >= len(b) || b[keyEnd] != ':' || b[start] <= ' ' {
			if start = v.at.colon(b, keyEnd); start < 0 {
				return 0
			}
		}
		size, more := visit(name, Value{b: b[start:], at: v.at})
		if !more {
			return 0
		}
		end := start + size
		if i = end + 1; i >= len(b) || b[end] != ',' || b[i] <= ' ' {
			if i = v.at.comma(b, end, v.exact); i < 0 {
				return v.closedAt(end)
			}
		}
	}
}

// field goes down from the value at the beginning of b, which ends where b ends if it is exact.
func field(b []byte, at *cursor, exact bool, path []string) Value {
	for _, name := range path {
		if len(b) == 0 || b[0] != '{' {
			return Value{}
		}
		i := member(b, at, exact, name)
		if i < 0 {
			return Value{}
		}
		b, exact = b[i:], false
	}
	return Value{b: b, at: at, exact: exact}
}

// member returns the place of the value of the first member of that name in the object that b begins with, or -1.
func member(b []byte, at *cursor, exact bool, name string) int {
	i := skipBlanks(b, 1)
	if i < len(b) && b[i] == '}' {
		at.closed(b, i, exact)
		return -1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			at.malformed("object member without a key")
			return -1
		}
		// The calls are for what is seldom: blanks, errors, and the end.
		keyEnd, plain := scanString(b, i+1)
		start := keyEnd + 1
		if keyEnd < 0 || start >= len(b) || b[keyEnd] != ':' || b[start] <= ' ' {
			if start = at.colon(b, keyEnd); start < 0 {
				return -1
			}
		}
		key := b[i+1 : keyEnd-1]
		match := plain && string(key) == name
		if !plain {
			var ok bool
			if match, ok = at.decodesTo(key, name); !ok {
				return -1
			}
		}
		if match {
			if start == len(b) || !begins[b[start]] {
				at.malformed("object member without a value")
				return -1
			}
			return start
		}
		end := skipMember(b, start)
		if end < 0 {
			at.malformed("malformed object member")
			return -1
		}
		if i = end + 1; i >= len(b) || b[end] != ',' || b[i] <= ' ' {
			if i = at.comma(b, end, exact); i < 0 {
				return -1
			}
		}
	}
}

// begins tells the bytes that a value can begin with.
var begins = [256]bool{
	'"': true, '{': true, '[': true, '-': true, 't': true, 'f': true, 'n': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
}

// skipMember is skipValue for what members of objects mostly are.
func skipMember(b []byte, i int) int {
	if i < len(b) {
		switch b[i] {
		case '"':
			return skipString(b, i+1)
		case '[':
			if end := flatEnd(b, i); end > 0 {
				return end
			}
		}
	}
	return skipValue(b, i)
}

// known returns the name whose content begins at i and where it ends, its closing quote included, if the reader has had the
// name before. What it has had is plain, so the first quote is the closing one.
func (c *cursor) known(b []byte, i int) (name string, end int) {
	if c == nil || c.plain == nil {
		return "", -1
	}
	name, ok := c.plain.name(b[i:])
	if !ok {
		return "", -1
	}
	return name, i + len(name) + 1
}

// name is known for any name. The end is -1 if it is malformed.
func (c *cursor) name(b []byte, i int) (name string, end int) {
	end, plain := scanString(b, i)
	if end < 0 {
		c.malformed("key without an end")
		return "", -1
	}
	if plain {
		return c.intern(b[i : end-1]), end
	}
	name, ok := c.decode(b[i : end-1])
	if !ok {
		return "", -1
	}
	return name, end
}

// colon returns the place of the value whose key ends at i, or -1.
func (c *cursor) colon(b []byte, i int) int {
	if i < 0 {
		c.malformed("key without an end")
		return -1
	}
	if i = skipBlanks(b, i); i >= len(b) || b[i] != ':' {
		c.malformed("key without a colon")
		return -1
	}
	return skipBlanks(b, i+1)
}

// comma returns the place of the key behind the member that ends at i, or -1 at the end of the object.
func (c *cursor) comma(b []byte, i int, exact bool) int {
	i = skipBlanks(b, i)
	if i < len(b) && b[i] == ',' {
		return skipBlanks(b, i+1)
	}
	if i < len(b) && b[i] == '}' {
		c.closed(b, i, exact)
	} else {
		c.malformed("object without comma or end")
	}
	return -1
}

// closedAt returns the place behind the brace that ends an object whose last member ends at i, 0 if there is none, or it is not
// the end where it should be.
func (v Value) closedAt(i int) int {
	if i = skipBlanks(v.b, i); i < len(v.b) && v.b[i] == '}' && (!v.exact || i+1 == len(v.b)) {
		return i + 1
	}
	return 0
}

// closed checks that an object or array whose bracket is at i ends the text, if it should.
func (c *cursor) closed(b []byte, i int, exact bool) {
	if exact && i+1 != len(b) {
		c.malformed("text after the end of the value")
	}
}
