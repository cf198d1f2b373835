package exact

import (
	"math"
	"math/bits"
)

// A wide is a two's complement fixed-point number in units of 2^-1088, least
// word first. Every finite float64 is a multiple of the unit (the smallest is
// 2^-1074) below 2^1024, so 2^62 of them fit at least.
type wide [words]uint64

const (
	words    = 34
	fixed    = 16              // the word where the units of Sum.lo begin
	wideUnit = unit + fixed*64 // 1088
)

// add adds a finite x.
func (w *wide) add(x float64) {
	b := math.Float64bits(x)
	m, e := b&(1<<mantissaBits-1), b>>mantissaBits&0x7ff
	if e == 0 {
		e = 1 // subnormal
	} else {
		m |= 1 << mantissaBits
	}
	pos := e + (wideUnit - bias)
	i, shift := int(pos/64), pos%64
	lo, hi := m<<shift, m>>(64-shift)
	if b>>63 == 0 {
		var carry uint64
		w[i], carry = bits.Add64(w[i], lo, 0)
		w[i+1], carry = bits.Add64(w[i+1], hi, carry)
		for i += 2; carry != 0 && i < words; i++ {
			w[i], carry = bits.Add64(w[i], 0, carry)
		}
	} else {
		var borrow uint64
		w[i], borrow = bits.Sub64(w[i], lo, 0)
		w[i+1], borrow = bits.Sub64(w[i+1], hi, borrow)
		for i += 2; borrow != 0 && i < words; i++ {
			w[i], borrow = bits.Sub64(w[i], 0, borrow)
		}
	}
	w.check()
}

// addWords adds the two's complement number lo, hi at word i.
func (w *wide) addWords(i int, lo, hi uint64) {
	sign := uint64(int64(hi) >> 63)
	var carry uint64
	w[i], carry = bits.Add64(w[i], lo, 0)
	w[i+1], carry = bits.Add64(w[i+1], hi, carry)
	for i += 2; i < words; i++ {
		w[i], carry = bits.Add64(w[i], sign, carry)
	}
	w.check()
}

func (w *wide) addWide(o *wide) {
	var carry uint64
	for i := range w {
		w[i], carry = bits.Add64(w[i], o[i], carry)
	}
	w.check()
}

// check panics if the number is so near the end of its range that the next
// addition might leave it. That takes 2^62 additions of the largest float64.
func (w *wide) check() {
	if top := w[words-1]; (top^top<<1)>>63 != 0 {
		panic("exact: sum out of range")
	}
}

// magnitude returns the absolute value and whether w is negative.
func (w *wide) magnitude() (m wide, negative bool) {
	if int64(w[words-1]) >= 0 {
		return *w, false
	}
	return w.negated(), true
}

func (w *wide) negated() (m wide) {
	var borrow uint64
	for i := range w {
		m[i], borrow = bits.Sub64(0, w[i], borrow)
	}
	return m
}

// float64 returns the number, rounded.
func (w *wide) float64() float64 {
	m, negative := w.magnitude()
	top := words - 1
	for top > 0 && m[top] == 0 {
		top--
	}
	var x float64
	if top == 0 {
		x = round(m[0], false, -wideUnit)
	} else {
		n := bits.LeadingZeros64(m[top])
		more := m[top-1]<<n != 0
		for _, word := range m[:top-1] {
			more = more || word != 0
		}
		x = round(m[top]<<n|m[top-1]>>(64-n), more, 64*top-n-wideUnit)
	}
	if negative {
		return -x
	}
	return x
}
