package convert

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/bits"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// Bounds of what a ping may be: how deep objects and arrays nest, and the members of all objects that one value is in.
const (
	maxDepth   = 512
	maxMembers = 1 << 17

	maxNormal = 16 << 20 // bytes of the normal form, to which escapes add: up to six times the text without this bound

	maxUsual = 64 << 10 // bytes of a histogram whose members are not counted
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

	members []memberAt // of all objects that are open
	table   []slot     // for larger objects; only the slots of the current generation count
	current uint32

	normal  []byte     // the whole normal form
	kept    []memberAt // of the objects that are worth it, one behind the other
	objects []keptAt
}

// keptAt says where the members of an object are among those that are kept.
type keptAt struct{ at, from, to int }

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
	n.replaced, n.problem = 0, ""
	n.kept, n.objects = n.kept[:0], n.objects[:0]
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
		n.normal = src[n.from:end]
	} else {
		n.dst = append(n.dst, src[n.from:end]...)
		n.normal = n.dst
	}
	return n.normal, 0
}

// object yields the members of the object at this place of the normal form, nothing if it is none.
func (n *normaliser) object(at int) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		for _, o := range n.objects {
			if o.at != at {
				continue
			}
			for _, m := range n.kept[o.from:o.to] {
				if !yield(member{n.normal[m.start+1 : m.name-1], n.normal[m.name+1 : m.end], m.name + 1}) {
					return
				}
			}
			return
		}
		for name, value := range members(n.normal[at:]) {
			if !yield(member{name, value, at + cap(n.normal[at:]) - cap(value)}) {
				return
			}
		}
	}
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

// The problems that have a reason of their own, or a category.
const (
	tooDeep     = string(TooDeep)
	tooMany     = string(TooManyMembers)
	tooLarge    = string(TooLarge)
	controlChar = "control character in a string"
)

// refusal returns the problem, at this place of src, as an error.
func (n *normaliser) refusal(at int) *Error {
	switch n.problem {
	case controlChar:
		return &Error{InvalidControlChar, "", fmt.Sprintf("byte %d: %s", at, n.problem)}
	case tooDeep, tooMany, tooLarge:
		return failed(Reason(n.problem), "byte %d", at)
	}
	return failed(NotJSON, "byte %d: %s", at, n.problem)
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
			return n.fail(tooDeep, i)
		}
		if c == '{' {
			if end := n.usual(i, depth); end > 0 {
				return end
			}
			return n.checkObject(i, depth+1)
		}
		return n.checkArray(i, depth+1)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(n.src[i:], []byte(word)) {
			return i + len(word) // a letter behind it is no comma
		}
	}
	return n.fail("no value", i)
}

// usual returns the place behind the histogram at i, which is in its normal form already, if it is one as most of them are; else 0.
func (n *normaliser) usual(i, depth int) int {
	if depth+2 > maxDepth { // there are objects in it
		return 0
	}
	size := histogram.Usual(n.src[i:min(i+maxUsual, len(n.src))])
	if size == 0 {
		return 0
	}
	return i + size
}

func (n *normaliser) checkArray(i, depth int) int {
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

func (n *normaliser) checkObject(i, depth int) int {
	first, at := len(n.members), n.at(i)
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
			return n.fail(tooMany, i)
		}
		n.members = append(n.members, m)
		i = n.next(i)
		switch {
		case i >= len(n.src):
			return n.fail("object without an end", i)
		case n.src[i] == '}':
			if n.unique(n.members[first:], i) {
				n.keepMembers(at, n.members[first:], depth)
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

// keepMembers keeps what has been found out of an object if the converter may ask: for its members, or for many.
func (n *normaliser) keepMembers(at int, members []memberAt, depth int) {
	if depth <= 2 || depth == 3 && len(members) > fewMembers {
		from := len(n.kept)
		n.kept = append(n.kept, members...)
		n.objects = append(n.objects, keptAt{at, from, len(n.kept)})
	}
}

// unique removes the members of a complete object, which ends at i, that have the name of a later one. It tells whether there
// were none.
func (n *normaliser) unique(members []memberAt, i int) bool {
	if len(members) <= fewMembers {
		for k := 1; k < len(members); k++ {
			for j := range k {
				if members[j].hash == members[k].hash {
					return n.removeEarlier(members, i)
				}
			}
		}
		return true
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
				return n.removeEarlier(members, i)
			}
		}
	}
	return true
}

// removeEarlier is unique for an object in which two names have the same hash, and so are most likely the same.
func (n *normaliser) removeEarlier(members []memberAt, i int) bool {
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
	if to == len(n.dst) {
		return true
	}
	// The members of an object have no place any more, nor have those of objects in them, which were kept before.
	n.dst = n.dst[:to]
	for len(n.objects) > 0 && n.objects[len(n.objects)-1].at > members[0].start {
		n.objects = n.objects[:len(n.objects)-1]
	}
	return false
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
