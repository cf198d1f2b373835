package histogram

import "math"

// Ranges returns the lower bounds of the buckets, in ascending order: the first is 0. The slice is shared and must not be
// changed.
//
// The bounds are those that browsers and the converter of 2013 computed, to the last digit: each is rounded to an integer as
// soon as it is known, and those of an exponential histogram depend on the one before.
func (d *Definition) Ranges() []int64 {
	d.once.Do(d.computeRanges)
	return d.ranges
}

func (d *Definition) computeRanges() {
	if d.Kind == "exponential" {
		d.ranges = exponential(d.Low, d.High, int(d.Buckets))
	} else {
		d.ranges = linear(d.Low, d.High, int(d.Buckets))
	}
	d.head = d.usualHead()
	d.identity = true
	for i, b := range d.ranges {
		d.identity = d.identity && b == int64(i)
	}
}

// linear has bounds at equal distances from low to high.
func linear(low, high int64, n int) []int64 {
	b := make([]int64, n)
	for i := 1; i < n; i++ {
		// The conversions forbid a fused multiplication and addition, which rounds once less.
		sum := float64(float64(low)*float64(n-1-i)) + float64(float64(high)*float64(i-1))
		b[i] = int64(sum/float64(n-2) + 0.5)
	}
	return b
}

// exponential has bounds at equal distances of their logarithms, or an integer apart where that is more.
func exponential(low, high int64, n int) []int64 {
	b := make([]int64, n)
	b[1] = low
	last := math.Log(float64(high))
	for i := 2; i < n; i++ {
		log := math.Log(float64(b[i-1]))
		next := math.Floor(math.Exp(log+(last-log)/float64(n-i)) + 0.5)
		b[i] = max(int64(next), b[i-1]+1)
	}
	return b
}

// index returns the bucket that has the lower bound, or -1.
func (d *Definition) index(bound int64) int {
	b := d.Ranges()
	if d.identity {
		if uint64(bound) < uint64(len(b)) {
			return int(bound)
		}
		return -1
	}
	i, j := 0, len(b)
	for i < j {
		if h := int(uint(i+j) >> 1); b[h] < bound {
			i = h + 1
		} else {
			j = h
		}
	}
	if i < len(b) && b[i] == bound {
		return i
	}
	return -1
}
