package histogram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/telemetry-mr/mr/storage"
)

// summaryLen is the number of elements after the buckets.
const summaryLen = 5

// An Array is a stored histogram or a sum of them. The zero Array is the sum of
// none. Arrays of different lengths do not mix: a sum keeps one for each length.
// Its elements and its text are those of the length that most arrays had, of the
// shortest if several had; ByLength gives all.
//
// An Array from Parse or All borrows memory of its record and is valid as long
// as that. It is cheap to copy, but Add to one copy changes another if it is a
// sum: Clone first.
type Array struct {
	sums *sums  // of arrays that were added, or else
	b    []byte // the binary form or the parsed form, which never changes
}

// Parse returns the array of v, which it checks from end to end in one pass. It
// returns false if v is anything but an array of numbers and nulls that float64
// can represent, such as a histogram that was stored unconverted, as an object.
// What is not even JSON marks the record as malformed.
func Parse(v storage.Value) (Array, bool) {
	a, size := decode(v)
	if size < 0 {
		refuse(v)
	}
	return a, size > 0
}

// All returns the arrays of an object, such as the field histograms of a record,
// by name and in order. Members that Parse refuses are passed over; Each tells of
// them.
func All(v storage.Value) iter.Seq2[string, Array] {
	return func(yield func(string, Array) bool) {
		v.Walk(func(name string, member storage.Value) (size int, more bool) {
			a, size := decode(member)
			if size > 0 {
				return size, yield(name, a)
			}
			size = refuse(member)
			return size, size > 0
		})
	}
}

// Each calls visit with each member of an object, in order, until it returns
// false. ok is what Parse returns.
func Each(v storage.Value, visit func(name string, a Array, ok bool) bool) {
	v.Walk(func(name string, member storage.Value) (size int, more bool) {
		a, size := decode(member)
		if size > 0 {
			return size, visit(name, a, true)
		}
		size = refuse(member)
		return size, size > 0 && visit(name, Array{}, false)
	})
}

// Of returns the array with these elements, which borrows nothing. They must be
// finite.
func Of(elements ...float64) Array {
	dst := make([]byte, maxHead, maxHead+64) // enough for most
	done := 0
	for i, x := range elements {
		switch v := floatValue(x); {
		case v.kind == kindFloat:
			dst = appendFloat(dst, i-done, x)
		case v.n != 0:
			dst = appendInt(dst, i-done, v.n)
		default:
			continue
		}
		done = i + 1
	}
	dst = appendZeros(dst, len(elements)-done)
	return Array{b: prepend(dst, maxHead, part{len: len(elements), n: 1})}
}

// decode returns the array of v and the size of its text, or -1.
func decode(v storage.Value) (a Array, size int) {
	buf := v.Buffer()
	appended, form, size := parse(*buf, v.Rest())
	if size < 0 {
		return Array{}, -1
	}
	*buf = appended
	return Array{b: form}, size
}

// refuse marks the record if v, which is no array for decode, is malformed. It
// returns the size of its text, 0 if it has no end.
func refuse(v storage.Value) int {
	text := v.Raw()
	if len(text) > 0 && text[0] == '[' && !json.Valid(text) {
		v.Malformed("malformed array")
	}
	return len(text)
}

// N returns the number of arrays that were added, of all lengths.
func (a Array) N() int64 {
	var n int64
	if isParsed(a.b) {
		n = 1
	}
	for p := range parts(a.b) { // a parsed form has none
		n += p.n
	}
	for s := a.sums; s != nil; s = s.next {
		n += s.n
	}
	return n
}

// Len returns the number of elements.
func (a Array) Len() int {
	switch {
	case isParsed(a.b):
		return parsedLen(a.b)
	case a.sums == nil:
		return a.commonestPart().len
	}
	return a.commonest().len()
}

// Buckets returns the number of elements before the summary: Len less five, or 0.
func (a Array) Buckets() int { return max(0, a.Len()-summaryLen) }

// At returns element i, rounded to the nearest float64. It takes time in
// proportion to Len unless a is a sum of two or more; Elements is the way to read
// them all.
func (a Array) At(i int) float64 {
	return a.commonest().at(i)
}

// Bucket returns the count of bucket i. It panics with a *RangeError if it is no
// integer, or too large for int64.
func (a Array) Bucket(i int) int64 {
	s := a.commonest()
	if buckets := s.len() - summaryLen; i < 0 || i >= buckets {
		panic(fmt.Sprintf("histogram: bucket %d of %d", i, max(0, buckets)))
	}
	n, ok := s.int(i)
	if !ok {
		panic(&RangeError{Index: i, Value: s.at(i)})
	}
	return n
}

// A RangeError says that an element was asked for as an int64 and is none.
type RangeError struct {
	Index int
	Value float64 // the nearest to the element
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("histogram: element %d is about %v and no int64", e.Index, e.Value)
}

// Elements returns the elements with their indexes, each rounded to the nearest
// float64.
func (a Array) Elements() iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		if isParsed(a.b) {
			parsedElements(a.b, yield)
			return
		}
		s := a.commonest()
		for i := range s.len() {
			if !yield(i, s.at(i)) {
				return
			}
		}
	}
}

// A Summary is the five values behind the buckets, each rounded to the nearest
// float64. One that n of the added arrays lack is lower by n than the sum of the
// others.
type Summary struct {
	Sum, LogSum, LogSumSquares, SumSquaresLo, SumSquaresHi float64
}

// Summary returns the last five elements, and false if there are fewer.
func (a Array) Summary() (Summary, bool) {
	s := a.commonest()
	n := s.len() - summaryLen
	if n < 0 {
		return Summary{}, false
	}
	return Summary{s.at(n), s.at(n + 1), s.at(n + 2), s.at(n + 3), s.at(n + 4)}, true
}

// ByLength returns the sums for each length, shortest first. They share the
// memory of a.
func (a Array) ByLength() iter.Seq[Array] {
	return func(yield func(Array) bool) {
		for s := a.expand(); s != nil; s = s.next {
			one := *s
			one.next = nil
			if !yield(Array{sums: &one}) {
				return
			}
		}
	}
}

// Clone returns a copy of a that borrows nothing and shares no memory that Add
// might change. The copy of a single array, or of any in its binary form, is as
// small as that.
func (a Array) Clone() Array {
	return Array{sums: a.sums.clone(), b: bytes.Clone(a.b)}
}

// expand returns the sums that a consists of. They are a's own if it has some.
func (a Array) expand() *sums {
	if a.sums == nil {
		a.add(a.b) // to this copy
	}
	return a.sums
}

// commonest returns the sums that stand for a, never nil.
func (a Array) commonest() *sums {
	most := a.expand()
	if most == nil {
		return &sums{}
	}
	for s := most.next; s != nil; s = s.next {
		if s.n > most.n {
			most = s
		}
	}
	return most
}

// commonestPart is commonest for an array in its binary form.
func (a Array) commonestPart() part {
	var most part
	for p := range parts(a.binary()) {
		if p.n > most.n {
			most = p
		}
	}
	return most
}
