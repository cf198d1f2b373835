package histogram

import (
	"fmt"
	"iter"
	"math"
)

// A Distribution is an Array with the meaning that a Definition gives it. It borrows nothing from the array.
type Distribution struct {
	def    *Definition
	counts []int64
	total  int64
	sum    float64
}

// A LengthError says that an array has not the length that its definition asks for, as when buckets were added later.
type LengthError struct {
	Name      string // of the definition
	Len, Want int
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("histogram %s: an array has %d elements, its definition makes it %d", e.Name, e.Len, e.Want)
}

// Distribution joins an array with the definition. The error is a *LengthError, or says that a count is negative, no
// integer, or too large. Of an array of several lengths, see ByLength, it is the one that a stands for.
func (d *Definition) Distribution(a Array) (*Distribution, error) {
	want := int(d.Buckets) + summaryLen
	if n := a.Len(); n != want {
		return nil, &LengthError{Name: d.Name, Len: n, Want: want}
	}
	h := &Distribution{def: d, counts: make([]int64, d.Buckets)}
	for i, x := range a.Elements() {
		if i == len(h.counts) {
			h.sum = x
			break
		}
		n := int64(x)
		if float64(n) != x || n < 0 || n > limit || h.total+n > limit {
			return nil, fmt.Errorf("histogram %s: the count of bucket %d is %v", d.Name, d.Ranges()[i], x)
		}
		h.counts[i] = n
		h.total += n
	}
	return h, nil
}

// Definition returns the definition.
func (h *Distribution) Definition() *Definition { return h.def }

// Buckets returns the buckets in order: the lower bound and the count.
func (h *Distribution) Buckets() iter.Seq2[int64, int64] {
	return func(yield func(low, count int64) bool) {
		for i, low := range h.def.Ranges() {
			if !yield(low, h.counts[i]) {
				return
			}
		}
	}
}

// Count returns the number of samples: all counts added up.
func (h *Distribution) Count() int64 { return h.total }

// Mean returns the mean of the samples, which is exact: browsers send their sum. It is false if there are none, or no sum.
func (h *Distribution) Mean() (float64, bool) {
	if h.total == 0 || h.sum < 0 {
		return 0, false
	}
	return h.sum / float64(h.total), true
}

// Percentile returns an estimate of the value below which p percent of the samples are, for p from 0 to 100, and false if
// there are none. The samples of a bucket are taken to lie at equal distances in it, or at equal distances of their
// logarithms if the histogram is exponential. The last bucket has no end, so that its lower bound stands for its samples;
// for kinds whose buckets are single values, each one's does.
func (h *Distribution) Percentile(p float64) (float64, bool) {
	if h.total == 0 || !(0 <= p && p <= 100) {
		return 0, false
	}
	rank := float64(h.total) * p / 100
	b := h.def.Ranges()
	last := 0
	for i, n := range h.counts {
		if n == 0 {
			continue
		}
		if rank <= float64(n) {
			return h.within(b, i, rank/float64(n)), true
		}
		rank -= float64(n)
		last = i
	}
	return float64(b[last]), true // rounding has carried the rank beyond the last sample
}

// within returns the value at a fraction of the way through bucket i.
func (h *Distribution) within(b []int64, i int, fraction float64) float64 {
	low := float64(b[i])
	if i == len(b)-1 {
		return low
	}
	high := float64(b[i+1])
	switch {
	case h.def.Kind == "exponential" && i > 0:
		return low * math.Pow(high/low, fraction)
	case h.def.Kind == "exponential" || h.def.Kind == "linear":
		return low + (high-low)*fraction
	}
	return low
}
