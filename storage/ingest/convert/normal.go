package convert

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of what a ping may be: how deep objects and arrays nest, and the members of all objects that one value is in.
const (
	maxDepth   = 512
	maxMembers = 1 << 17
)

// A normaliser brings JSON text into the form that is stored: checked from end to end, without blanks, in ASCII, each string
// escaped in one way only, each number as it came, and of the members of an object that have one name the last.
//
// Text that is in this form already, as most of it is, is not copied.
type normaliser struct {
	src  []byte
	dst  []byte // the normal form of src[:from]
	from int

	replaced int // bytes that are no UTF-8, for which U+FFFD stands now
	problem  string
	control  bool // the problem is a control character in a string

	members []memberAt // of all objects that are open
	table   []slot     // for larger objects; only the slots of the current generation count
	current uint32
}

// memberAt is a member of an object, in the coordinates of the normal form.
type memberAt struct {
	hash             uint64 // of the name
	start, name, end int    // of the member, and where its name ends
}

type slot struct{ generation, member uint32 }

// run returns the normal form of src. It is src itself or memory of n, valid until the next run. On failure it returns
// nil, and problem and the position in src say why.
func (n *normaliser) run(src []byte) (normal []byte, at int) {
	n.src, n.dst, n.from, n.members = src, n.dst[:0], 0, n.members[:0]
	n.replaced, n.problem, n.control = 0, "", false
	start := n.blanks(0)
	n.drop(start)
	end := n.value(start, 0)
	if n.problem != "" {
		return nil, end
	}
	rest := n.blanks(end)
	if rest < len(src) {
		n.problem = "text after the end of the value"
		return nil, rest
	}
	if len(n.dst) == 0 { // nothing was changed but at the ends
		return src[n.from:end], 0
	}
	n.dst = append(n.dst, src[n.from:end]...)
	return n.dst, 0
}

// at is the place in the normal form of what stands at i in src.
func (n *normaliser) at(i int) int { return len(n.dst) + i - n.from }

// keep takes src up to i as it is.
func (n *normaliser) keep(i int) {
	n.dst = append(n.dst, n.src[n.from:i]...)
	n.from = i
}

// drop leaves out what lies between from, which is all that was not kept yet, and i.
func (n *normaliser) drop(i int) { n.from = i }

// fail makes a problem known; what returns from it unwinds.
func (n *normaliser) fail(problem string, i int) int {
	if n.problem == "" {
		n.problem = problem
	}
	return i
}

// blanks returns the place of the first byte from i on that is no blank.
func (n *normaliser) blanks(i int) int {
	for i < len(n.src) {
		switch n.src[i] {
		case ' ', '\t', '\r', '\n':
			i++
		default:
			return i
		}
	}
	return i
}

// next is blanks for blanks that are left out.
func (n *normaliser) next(i int) int {
	if i < len(n.src) && n.src[i] > ' ' {
		return i
	}
	if end := n.blanks(i); end > i {
		n.keep(i)
		n.drop(end)
		return end
	}
	return i
}

// value checks the value at i and returns the place behind it.
func (n *normaliser) value(i, depth int) int {
	if i >= len(n.src) {
		return n.fail("unexpected end", i)
	}
	switch c := n.src[i]; {
	case c == '"':
		return n.text(i)
	case c == '-' || c-'0' < 10:
		return n.number(i)
	case c == '{' || c == '[':
		if depth == maxDepth {
			return n.fail("nested too deeply", i)
		}
		if c == '{' {
			return n.object(i, depth+1)
		}
		return n.array(i, depth+1)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(n.src[i:], []byte(word)) {
			return i + len(word) // a letter behind it is no comma
		}
	}
	return n.fail("no value", i)
}

func (n *normaliser) array(i, depth int) int {
	i = n.next(i + 1)
	if i < len(n.src) && n.src[i] == ']' {
		return i + 1
	}
	for {
		i = n.next(n.value(i, depth))
		if n.problem != "" {
			return i
		}
		switch {
		case i >= len(n.src):
			return n.fail("array without an end", i)
		case n.src[i] == ']':
			return i + 1
		case n.src[i] != ',':
			return n.fail("no comma between elements", i)
		}
		i = n.next(i + 1)
	}
}

func (n *normaliser) object(i, depth int) int {
	first := len(n.members)
	i = n.next(i + 1)
	if i < len(n.src) && n.src[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(n.src) || n.src[i] != '"' {
			return n.fail("member without a name", i)
		}
		m := memberAt{start: n.at(i)}
		plain, from := n.from, i+1
		i = n.text(i)
		if n.problem != "" {
			return i
		}
		if plain == n.from {
			m.hash = maphash.Bytes(seed, n.src[from:i-1])
		} else {
			m.hash = maphash.Bytes(seed, n.dst[m.start+1:])
		}
		m.name = n.at(i)
		i = n.next(i)
		if i >= len(n.src) || n.src[i] != ':' {
			return n.fail("no colon after a name", i)
		}
		i = n.value(n.next(i+1), depth)
		if n.problem != "" {
			return i
		}
		m.end = n.at(i)
		if len(n.members) == maxMembers {
			return n.fail("too many members", i)
		}
		n.members = append(n.members, m)
		i = n.next(i)
		switch {
		case i >= len(n.src):
			return n.fail("object without an end", i)
		case n.src[i] == '}':
			if len(n.members)-first > 1 {
				n.unique(n.members[first:], i)
			}
			n.members = n.members[:first]
			return i + 1
		case n.src[i] != ',':
			return n.fail("no comma between members", i)
		}
		i = n.next(i + 1)
	}
}

// seed is for this process alone: nobody can prepare names that share a hash.
var seed = maphash.MakeSeed()

const fewMembers = 8

// unique removes the members of a complete object, which ends at i, that have the name of a later one.
func (n *normaliser) unique(members []memberAt, i int) {
	if len(members) <= fewMembers {
		for k := 1; k < len(members); k++ {
			for j := range k {
				if members[j].hash == members[k].hash {
					n.removeEarlier(members, i)
					return
				}
			}
		}
		return
	}
	size := 1 << bits.Len(uint(2*len(members)))
	if len(n.table) < size {
		n.table, n.current = make([]slot, size), 0
	}
	if n.current++; n.current == 0 {
		clear(n.table)
		n.current = 1
	}
	mask := uint64(len(n.table) - 1)
	for k := range members {
		h := members[k].hash
		for at := h & mask; ; at = (at + 1) & mask {
			s := &n.table[at]
			if s.generation != n.current {
				*s = slot{n.current, uint32(k)}
				break
			}
			if members[s.member].hash == h {
				n.removeEarlier(members, i)
				return
			}
		}
	}
}

// removeEarlier is unique for an object in which two names have the same hash, and so are most likely the same.
func (n *normaliser) removeEarlier(members []memberAt, i int) {
	n.keep(i)
	last := make(map[string]int, len(members))
	for k, m := range members {
		last[string(n.dst[m.start:m.name])] = k
	}
	to := members[0].start
	for k, m := range members {
		if last[string(n.dst[m.start:m.name])] != k {
			continue // the text of the later one is still in its place: nothing moves up
		}
		if to > members[0].start {
			n.dst[to] = ','
			to++
		}
		to += copy(n.dst[to:], n.dst[m.start:m.end])
	}
	n.dst = n.dst[:to]
}

// number checks the number at i.
func (n *normaliser) number(i int) int {
	b := n.src
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i]-'1' < 9:
		i = digits(b, i)
	default:
		return n.fail("malformed number", i)
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = digits(b, start); i == start {
			return n.fail("malformed number", i)
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return n.fail("malformed number", i)
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	return i
}

const (
	ones       = 0x0101010101010101
	highs      = 0x8080808080808080
	quotes     = ones * '"'
	backslash8 = ones * '\\'
	blanks8    = ones * ' '
)

// text checks the string whose first quote is at i.
func (n *normaliser) text(i int) int {
	b := n.src
	start := i + 1
	for i = start; i+8 <= len(b); i += 8 { // the first byte that is marked, is so for a reason
		x := binary.LittleEndian.Uint64(b[i:])
		q, s := x^quotes, x^backslash8
		if m := ((q-ones)&^q | (s-ones)&^s | (x-blanks8)&^x | x) & highs; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] == '"' {
				return i + 1
			}
			return n.oddText(i)
		}
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return n.oddText(i)
		}
	}
	return n.fail("string without an end", i)
}

// oddText goes on with a string at i, which is neither plain nor its end.
func (n *normaliser) oddText(i int) int {
	n.keep(i)
	b := n.src
	for i < len(b) {
		c := b[i]
		switch {
		case c == '"':
			n.drop(i)
			return i + 1
		case c < ' ':
			n.control = true
			return n.fail("control character in a string", i)
		case c == '\\':
			size := n.escape(b[i+1:])
			if size == 0 {
				return n.fail("malformed escape in a string", i)
			}
			i += 1 + size
		case c < utf8.RuneSelf:
			n.dst = append(n.dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				n.replaced++
			}
			n.dst = appendEscaped(n.dst, r)
			i += size
		}
	}
	return n.fail("string without an end", i)
}

// escape appends the normal form of an escape, of which b is what follows the backslash, and returns its size, 0 if it is
// malformed.
func (n *normaliser) escape(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; c {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		n.dst = append(n.dst, '\\', c)
		return 1
	case '/':
		n.dst = append(n.dst, '/')
		return 1
	case 'u':
		r := hex4(b[1:])
		if r < 0 {
			return 0
		}
		n.dst = appendEscaped(n.dst, r) // a surrogate, with its other half or without, stays what it is
		return 5
	}
	return 0
}

// appendEscaped appends a character of a string.
func appendEscaped(dst []byte, r rune) []byte {
	switch {
	case r >= 0x10000:
		high, low := utf16.EncodeRune(r)
		return appendUnit(appendUnit(dst, high), low)
	case r >= utf8.RuneSelf:
		return appendUnit(dst, r)
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= ' ':
		return append(dst, byte(r))
	}
	if i := bytes.IndexByte([]byte("\b\f\n\r\t"), byte(r)); i >= 0 {
		return append(dst, '\\', "bfnrt"[i])
	}
	return appendUnit(dst, r)
}

func appendUnit(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// hex4 is the number that four hexadecimal digits stand for, or -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6: // precedence: (c|0x20) - 'a'
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
