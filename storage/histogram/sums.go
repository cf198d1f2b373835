package histogram

import (
	"slices"

	"github.com/telemetry-mr/mr/storage/exact"
)

// sums holds the element-wise sum of n arrays of one length. An element is the
// total of its int and its float, if it has one.
type sums struct {
	n      int64
	far    bool // an int may be beyond farInt
	ints   []int64
	floats []float // by index; starts in room
	next   *sums   // for the next larger length
	room   [2]float
}

// A float is the part of an element that came from numbers that are no int64, or
// that outgrew one.
type float struct {
	sum exact.Sum
	i   int
}

// Add adds v to *acc. It is associative and commutative, whatever the lengths of
// the arrays are, and keeps no reference to memory of v. It allocates only when
// *acc has no sum for the length of v yet.
func Add(acc *Array, v Array) {
	if len(acc.b) > 0 {
		first := acc.b
		acc.b = nil
		acc.add(first)
	}
	acc.add(v.b)
	for from := v.sums; from != nil; from = from.next {
		acc.sumsFor(len(from.ints)).addSums(from)
	}
}

// add adds the array with the form b.
func (a *Array) add(b []byte) {
	if isParsed(b) {
		a.addParsed(b)
	} else {
		a.addBinary(b)
	}
}

// sumsFor returns the sums for arrays of n elements.
func (a *Array) sumsFor(n int) *sums {
	at := &a.sums
	for *at != nil && len((*at).ints) < n {
		at = &(*at).next
	}
	if *at == nil || len((*at).ints) != n {
		s := newSums(n)
		s.next = *at
		*at = s
	}
	return *at
}

func newSums(n int) *sums {
	s := &sums{ints: make([]int64, n)}
	s.floats = s.room[:0]
	return s
}

func (s *sums) len() int { return len(s.ints) }

func (s *sums) clone() *sums {
	if s == nil {
		return nil
	}
	c := &sums{n: s.n, far: s.far, ints: slices.Clone(s.ints), next: s.next.clone()}
	c.floats = append(c.room[:0], s.floats...)
	for i := range c.floats {
		c.floats[i].sum = c.floats[i].sum.Clone()
	}
	return c
}

// addSums adds from, which may be s itself.
func (s *sums) addSums(from *sums) {
	s.n += from.n
	// Floats first: an int that overflows goes there, and from may be s.
	for k := range from.floats {
		f := &from.floats[k]
		s.float(f.i).AddSum(f.sum)
	}
	for i, n := range from.ints {
		if n != 0 {
			s.addInt(i, n)
		}
	}
}

// near reports whether no int overflows when it gets another int16. One that was
// not beyond farInt has got n of them since, at the most.
func (s *sums) near() bool { return !s.far && s.n < 1<<40 }

const farInt = 1 << 62

// addInt adds n to element i.
func (s *sums) addInt(i int, n int64) {
	old := s.ints[i]
	total := old + n
	if (old^total)&(n^total) < 0 {
		s.float(i).AddInt(old)
		total = n
	}
	s.ints[i] = total
	s.far = s.far || total > farInt || total < -farInt
}

// float returns the float of element i, which it makes if there is none.
func (s *sums) float(i int) *exact.Sum {
	// Arrays have two floats at most, or many in order.
	for k := range min(2, len(s.floats)) {
		if s.floats[k].i == i {
			return &s.floats[k].sum
		}
	}
	k, found := s.findFloat(i)
	if !found {
		s.floats = slices.Insert(s.floats, k, float{i: i})
	}
	return &s.floats[k].sum
}

func (s *sums) findFloat(i int) (int, bool) {
	return slices.BinarySearchFunc(s.floats, i, func(f float, i int) int { return f.i - i })
}

// firstFloat returns the index of the first element that has a float, or -1.
func (s *sums) firstFloat() int {
	if len(s.floats) == 0 {
		return -1
	}
	return s.floats[0].i
}

// totalOf returns the element that f is part of.
func (s *sums) totalOf(f *float) exact.Sum {
	sum := f.sum.Clone()
	sum.AddInt(s.ints[f.i])
	return sum
}

// total returns element i as a sum, if it has a float.
func (s *sums) total(i int) (exact.Sum, bool) {
	k, found := s.findFloat(i)
	if !found {
		return exact.Sum{}, false
	}
	return s.totalOf(&s.floats[k]), true
}

func (s *sums) at(i int) float64 {
	if sum, ok := s.total(i); ok {
		return sum.Float64()
	}
	return float64(s.ints[i])
}

// int returns element i if it is an int64.
func (s *sums) int(i int) (int64, bool) {
	if sum, ok := s.total(i); ok {
		return sum.Int64()
	}
	return s.ints[i], true
}
