// Package exact adds floating-point numbers without rounding.
//
// The sum of float64 values depends on their order, because every addition
// rounds. A Sum does not round: it holds the exact total in fixed point, so any
// order of additions, and any tree of merges of partial sums, gives the same Sum
// and the same bytes. Only Float64 rounds, once, to the nearest float64.
//
// Numbers of ordinary size (multiples of 2^-64 below 2^62, that is each float64
// between 0.0003 and 10^18, and all integers up to there) cost two additions of
// machine words. The rest goes to a wider part of 272 bytes, made when first
// needed, which holds every float64 exactly.
package exact

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
)

// A Sum is an exact sum of float64 values. The zero Sum is 0.
//
// A Sum is added to through a pointer. Do not add to both of two Sums when one is
// a plain copy of the other: they may share the wide part. Clone copies it.
type Sum struct {
	// The total of the finite values is lo + hi·2^64, two's complement, in units
	// of 2^-64, plus wide if there is one.
	lo, hi  uint64
	wide    *wide
	special special
}

// special notes which values were added that are not finite.
type special uint8

const (
	plusInf special = 1 << iota
	minusInf
	nan
)

// Values are m·2^(e-bias) with a 53-bit m and the exponent field e.
const (
	mantissaBits = 52
	bias         = 1075
	unit         = 64 // lo is in units of 2^-unit
)

// Add adds x. What was added once, an infinity or NaN, stays: the sum is +Inf,
// -Inf or NaN as in float64 arithmetic.
func (s *Sum) Add(x float64) {
	b := math.Float64bits(x)
	m := b&(1<<mantissaBits-1) | 1<<mantissaBits
	shift := b>>mantissaBits&0x7ff - (bias - unit)
	if shift > 73 { // below 2^-12, perhaps with bits below the unit, or 2^62 and above
		s.addRare(x)
		return
	}
	sign := b >> 63
	mask := -sign
	lo, carry := bits.Add64(s.lo, m<<shift^mask, sign)
	addend := (m>>(64-shift) | m<<(shift-64)) ^ mask
	hi, _ := bits.Add64(s.hi, addend, carry)
	if int64((s.hi^hi)&(addend^hi)) < 0 {
		s.widen().add(x)
		return
	}
	s.lo, s.hi = lo, hi
}

// AddInt adds n, exactly, even where no float64 is n.
func (s *Sum) AddInt(n int64) {
	if !s.addFixed(0, uint64(n)) {
		s.widen().addWords(fixed, 0, uint64(n))
	}
}

// addRare adds what Add does not.
func (s *Sum) addRare(x float64) {
	switch {
	case x == 0:
	case x != x:
		s.special |= nan
	case x > math.MaxFloat64:
		s.special |= plusInf
	case x < -math.MaxFloat64:
		s.special |= minusInf
	default:
		if math.Abs(x) < 1 {
			// A small number with few digits is a multiple of the unit too.
			if scaled := x * (1 << unit); scaled == math.Trunc(scaled) {
				v := int64(scaled)
				if s.addFixed(uint64(v), uint64(v>>63)) {
					return
				}
			}
		}
		s.widen().add(x)
	}
}

// addFixed adds lo + hi·2^64 units, or returns false when the sum does not fit.
func (s *Sum) addFixed(lo, hi uint64) bool {
	l, carry := bits.Add64(s.lo, lo, 0)
	h, _ := bits.Add64(s.hi, hi, carry)
	if int64((s.hi^h)&(hi^h)) < 0 {
		return false
	}
	s.lo, s.hi = l, h
	return true
}

// widen returns the wide part.
func (s *Sum) widen() *wide {
	if s.wide == nil {
		s.wide = new(wide)
	}
	return s.wide
}

// AddSum adds o. It keeps no reference to memory of o; o may be *s itself.
func (s *Sum) AddSum(o Sum) {
	if o.wide != nil { // first: it may be that of s
		s.widen().addWide(o.wide)
	}
	if !s.addFixed(o.lo, o.hi) {
		s.widen().addWords(fixed, o.lo, o.hi)
	}
	s.special |= o.special
}

// Clone returns a copy of s that shares no memory with it.
func (s Sum) Clone() Sum {
	if s.wide != nil {
		w := *s.wide
		s.wide = &w
	}
	return s
}

// Float64 returns the sum, rounded once, to the nearest float64, to even if two
// are equally near; to an infinity if it is beyond all of them. It is never -0.
func (s Sum) Float64() float64 {
	switch {
	case s.special&nan != 0 || s.special&(plusInf|minusInf) == plusInf|minusInf:
		return math.NaN()
	case s.special == plusInf:
		return math.Inf(1)
	case s.special == minusInf:
		return math.Inf(-1)
	case s.wide != nil:
		w := s.total()
		return w.float64()
	}
	lo, hi := s.lo, s.hi
	negative := int64(hi) < 0
	if negative {
		lo, hi = negate(lo, hi)
	}
	var x float64
	if hi == 0 {
		x = round(lo, false, -unit)
	} else {
		n := bits.LeadingZeros64(hi)
		x = round(hi<<n|lo>>(64-n), lo<<n != 0, 64-n-unit)
	}
	if negative {
		return -x
	}
	return x
}

// Int64 returns the sum if it is an integer that fits.
func (s Sum) Int64() (n int64, ok bool) {
	if s.special != 0 {
		return 0, false
	}
	if s.wide == nil {
		return int64(s.hi), s.lo == 0
	}
	w := s.total()
	sign := uint64(int64(w[fixed+1]) >> 63)
	for i, word := range w {
		switch {
		case i <= fixed && word != 0, i > fixed+1 && word != sign:
			return 0, false
		}
	}
	return int64(w[fixed+1]), true
}

// total returns the finite sum, wide part and the other together.
func (s *Sum) total() wide {
	var w wide
	if s.wide != nil {
		w = *s.wide
	}
	w.addWords(fixed, s.lo, s.hi)
	return w
}

func negate(lo, hi uint64) (nlo, nhi uint64) {
	nlo, borrow := bits.Sub64(0, lo, 0)
	nhi, _ = bits.Sub64(0, hi, borrow)
	return nlo, nhi
}

// round returns the float64 nearest to m·2^exp, or to a number a little above it
// if more is true; then m has its highest bit set.
func round(m uint64, more bool, exp int) float64 {
	if m == 0 {
		return 0
	}
	n := bits.LeadingZeros64(m)
	m <<= n
	exp -= n
	const low = 64 - 53
	top, rest := m>>low, m&(1<<low-1)
	if half := uint64(1) << (low - 1); rest > half || rest == half && (more || top&1 != 0) {
		top++
	}
	return math.Ldexp(float64(top), exp+low)
}

// errNotFinite is the error of MarshalJSON for what JSON has no number for.
var errNotFinite = errors.New("exact: sum is not finite, JSON has no number for it")

// MarshalJSON returns Float64 as encoding/json writes it: the fewest digits that
// tell it from its neighbours, an integer without point or exponent below 1e21.
// A sum that is not finite is an error.
func (s Sum) MarshalJSON() ([]byte, error) {
	return s.AppendJSON(nil)
}

// AppendJSON appends what MarshalJSON returns to dst.
func (s Sum) AppendJSON(dst []byte) ([]byte, error) {
	x := s.Float64()
	if x-x != 0 {
		return dst, errNotFinite
	}
	format := byte('f')
	if abs := math.Abs(x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, x, format, -1, 64)
	if n := len(dst); format == 'e' && n-start >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 is e-9
		dst = dst[:n-1]
	}
	return dst, nil
}

// String returns Float64 with the fewest digits that tell it from its
// neighbours; NaN, +Inf and -Inf by these names.
func (s Sum) String() string {
	if b, err := s.AppendJSON(nil); err == nil {
		return string(b)
	}
	return strconv.FormatFloat(s.Float64(), 'g', -1, 64)
}
