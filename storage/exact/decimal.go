package exact

import (
	"math"
	"math/bits"
)

var powersOf10 = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// Decimal returns the float64 nearest to m/10^places, to even if two are equally
// near: that of a decimal whose digits are m, so many of them behind the point.
// There may be 19 places.
func Decimal(m uint64, places int) float64 {
	if places == 0 || m == 0 {
		return float64(m)
	}
	d := powersOf10[places]
	if m <= 1<<53 {
		return float64(m) / float64(d) // both exact: one rounding
	}
	// The quotient of 128 bits by 64 has 62 bits at least, of which 53 stay; the
	// remainder says whether there is more.
	up, down := bits.LeadingZeros64(d), bits.LeadingZeros64(m)
	m <<= down
	q, rest := bits.Div64(m>>1, m<<63, d<<up)
	n := bits.LeadingZeros64(q)
	q <<= n
	const low = 64 - 53
	top, tail := q>>low, q&(1<<low-1)
	if half := uint64(1) << (low - 1); tail > half || tail == half && (rest != 0 || top&1 != 0) {
		top++ // perhaps to the next power of two, which the addition below gets right
	}
	return math.Float64frombits(top + uint64(up-down-n+1022)<<52)
}
