package histogram

// A Shape is what can be said of a single array at little cost.
type Shape struct {
	Len     int   // elements
	Counts  bool  // every bucket is an integer of int64 that is not negative
	Missing uint8 // summary values that are -1: bit 0 is that of sum, bit 4 of sum_squares_hi
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
		if k >= buckets {
			if code == bias-1 && buckets >= 0 {
				s.Missing |= 1 << (k - buckets)
			}
			if code < codeInt16 {
				continue
			}
		}
		if code < bias {
			s.Counts = false
		}
		if code >= codeInt16 {
			var v value
			v, i = element(b, i-1)
			if k < buckets && (v.kind != kindInt || v.n < 0) {
				s.Counts = false
			}
		}
	}
	return s
}
