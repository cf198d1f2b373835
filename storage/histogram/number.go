package histogram

import (
	"math"
	"strconv"

	"github.com/telemetry-mr/mr/storage/digits"
	"github.com/telemetry-mr/mr/storage/exact"
)

// A value is an element of an array that was stored or of a sum.
type value struct {
	kind kind
	n    int64
	x    float64
}

type kind uint8

const (
	kindInt   kind = iota // an integer that fits in an int64; 0 for a null
	kindFloat             // the nearest float64 of any other number
	kindSum               // of several such, which is not a float64; see element
)

var pow10 = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// number reads the number or null at i and returns where it ends, or -1 if there
// is none or one beyond float64.
func number(b []byte, i int) (v value, end int) {
	start := i
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	if i+1 < len(b) && b[i]-'0' < 10 && (b[i+1] == ',' || b[i+1] == ']') {
		n := int64(b[i] - '0')
		if negative {
			n = -n
		}
		return value{n: n}, i + 1
	}
	from := i
	m, i := digits.Append(b, i, 0)
	size := i - from
	switch {
	case size == 0:
		if !negative && len(b)-i >= 4 && string(b[i:i+4]) == "null" {
			return value{}, i + 4
		}
		return value{}, -1
	case b[from] == '0' && size > 1:
		return value{}, -1
	}
	places := 0
	if i < len(b) && b[i] == '.' {
		from = i + 1
		m, i = digits.Append(b, from, m)
		if places = i - from; places == 0 {
			return value{}, -1
		}
		size += places
	}
	if i < len(b) && b[i]|0x20 == 'e' || size > 19 {
		return slowNumber(b, start, i)
	}
	if places == 0 && m <= math.MaxInt64 {
		if negative {
			return value{n: -int64(m)}, i
		}
		return value{n: int64(m)}, i
	}
	x := exact.Decimal(m, places)
	if negative {
		x = -x
	}
	return floatValue(x), i
}

// fraction is number for what most floats look like: few digits, a point, 8 to 15
// digits. The end is -1 for others.
func fraction(b []byte, i int) (v value, end int) {
	const mostWhole, mostPlaces = 4, 15 // 19 digits fit in a uint64
	if i+mostWhole+1+mostPlaces+8 > len(b) {
		return value{}, -1
	}
	w := digits.Word(b, i)
	whole := digits.In(w)
	if whole == 0 || whole > mostWhole || byte(w>>(8*whole)) != '.' || byte(w) == '0' && whole > 1 {
		return value{}, -1
	}
	m := digits.Eight(w << (64 - 8*whole))
	i += whole + 1
	w = digits.Word(b, i)
	if digits.In(w) != 8 {
		return value{}, -1
	}
	m = m*1e8 + digits.Eight(w)
	i += 8
	w = digits.Word(b, i)
	more := digits.In(w)
	i += more
	if more == 8 || b[i]|0x20 == 'e' {
		return value{}, -1
	}
	m = m*pow10[more] + digits.Eight(w<<(64-8*more))
	return floatValue(exact.Decimal(m, 8+more)), i
}

// floatValue returns the value of a number that is nearest to x.
func floatValue(x float64) value {
	if n := int64(x); -1<<63 <= x && x < 1<<63 && float64(n) == x {
		return value{n: n}
	}
	return value{kind: kindFloat, x: x}
}

// slowNumber is number for those with an exponent, which is at i if there is one,
// or many digits.
func slowNumber(b []byte, start, i int) (v value, end int) {
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if _, i = digits.Append(b, from, 0); i == from {
			return value{}, -1
		}
	}
	x, err := strconv.ParseFloat(string(b[start:i]), 64)
	if err != nil {
		return value{}, -1
	}
	return floatValue(x), i
}
