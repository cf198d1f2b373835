package histogram

import "math"

// maxExact is the largest integer up to which float64 has them all.
const maxExact = 1 << 53

// A Shape is what can be said of a single array at little cost.
type Shape struct {
	Len     int   // elements
	Counts  bool  // every bucket is an integer of int64 that is not negative
	Missing uint8 // summary values that are -1: bit 0 is that of sum, bit 4 of sum_squares_hi

	Negative bool // an element is below zero, but for summary values that are -1
	Large    bool // an element is beyond 2^53 or -2^53
}

// Shape returns the shape of a, which must be a single array: one from Parse, All
// or Of. Nulls count as 0.
func (a Array) Shape() Shape {
	if isParsed(a.b) {
		s := Shape{Len: parsedLen(a.b), Counts: true}
		for i := parsedHead; i < len(a.b); {
			var k int
			var v value
			k, v, i = parsedEntry(a.b, i)
			s.note(k, v)
		}
		return s
	}
	p, _, _ := cut(a.b)
	s := Shape{Len: p.len, Counts: true}
	for i, k := 0, 0; i+1 < len(p.entries); k++ {
		k += int(p.entries[i])
		var v value
		v, i = element(p.entries, i+1)
		s.note(k, v)
	}
	return s
}

// note takes element k into account.
func (s *Shape) note(k int, v value) {
	if v.kind == kindInt && 0 <= v.n && v.n <= maxExact {
		return
	}
	buckets := s.Len - summaryLen
	summary := k >= buckets && buckets >= 0
	if summary && v == (value{n: -1}) {
		s.Missing |= 1 << (k - buckets)
		return
	}
	negative := v.n < 0 || v.x < 0
	s.Negative = s.Negative || negative
	s.Large = s.Large || v.n > maxExact || v.n < -maxExact || math.Abs(v.x) > maxExact
	if k < buckets && (v.kind != kindInt || negative) {
		s.Counts = false
	}
}
