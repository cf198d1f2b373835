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
	p, _, _ := cut(a.b)
	s := Shape{Len: p.len, Counts: true}
	buckets := p.len - summaryLen
	b := p.entries
	for i, k := 0, 0; i+1 < len(b); k++ {
		k += int(b[i])
		code := b[i+1]
		i += 2
		switch {
		case code >= codeInt16:
			var v value
			v, i = element(b, i-1)
			negative := v.n < 0 || v.x < 0
			s.Negative = s.Negative || negative
			s.Large = s.Large || v.n > maxExact || v.n < -maxExact || math.Abs(v.x) > maxExact
			if k < buckets && (v.kind != kindInt || negative) {
				s.Counts = false
			}
		case code >= bias: // 0 or more
		case k < buckets:
			s.Counts, s.Negative = false, true
		case code == bias-1 && buckets >= 0:
			s.Missing |= 1 << (k - buckets)
		default:
			s.Negative = true
		}
	}
	return s
}
