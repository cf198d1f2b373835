package histogram

import (
	"math"
	"math/bits"
	"strconv"
)

// A value is what an element of a stored array says.
type value struct {
	kind kind
	n    int64
	x    float64
}

type kind uint8

const (
	kindNull  kind = iota
	kindInt        // an integer without point or exponent that fits in an int64
	kindFloat      // the nearest float64 of any other number
)

var pow10 = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// number reads the number or null at i, which scan has accepted, and returns
// where it ends.
func number(b []byte, i int) (v value, end int) {
	start := i
	negative := b[i] == '-'
	if negative {
		i++
	}
	if b[i] == 'n' {
		return value{}, i + 4
	}
	from := i
	m, i := digits(b, i, 0)
	size := i - from
	places := 0
	if i < len(b) && b[i] == '.' {
		from = i + 1
		m, i = digits(b, from, m)
		places = i - from
		size += places
	}
	if i < len(b) && b[i]|0x20 == 'e' || size > 19 {
		return slowNumber(b, start)
	}
	if places == 0 {
		switch {
		case m <= math.MaxInt64 && negative:
			return value{kind: kindInt, n: -int64(m)}, i
		case m <= math.MaxInt64:
			return value{kind: kindInt, n: int64(m)}, i
		}
	}
	x := decimal(m, places)
	if negative {
		x = -x
	}
	return value{kind: kindFloat, x: x}, i
}

// digits appends the digits at i to the number m. The result is worth something
// only if m has 19 digits then at most.
func digits(b []byte, i int, m uint64) (uint64, int) {
	for i+8 <= len(b) {
		w := word(b, i)
		lanes, _ := digitLanes(w)
		if lanes == highs {
			m = m*1e8 + eightDigits(w)
			i += 8
			continue
		}
		size := bits.TrailingZeros64(^lanes&highs) >> 3
		return m*pow10[size] + eightDigits(w<<(64-8*size)), i + size
	}
	for i < len(b) && b[i]-'0' < 10 {
		m = m*10 + uint64(b[i]-'0')
		i++
	}
	return m, i
}

// slowNumber is number for those with an exponent or many digits.
func slowNumber(b []byte, start int) (v value, end int) {
	end = start
	for end < len(b) && !isEnd(b[end]) {
		end++
	}
	x, _ := strconv.ParseFloat(string(b[start:end]), 64) // scan has tried it
	return value{kind: kindFloat, x: x}, end
}

// decimal returns the float64 nearest to m/10^places, for at most 19 places.
func decimal(m uint64, places int) float64 {
	if places == 0 || m == 0 {
		return float64(m)
	}
	if m <= 1<<53 {
		return float64(m) / float64(pow10[places]) // both exact: one rounding
	}
	// The quotient of 128 bits by 64 has 62 bits at least, of which 53 stay; the
	// remainder says whether there is more.
	d := pow10[places]
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
