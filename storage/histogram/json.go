package histogram

import (
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/storage/exact"
)

// AppendText appends a as a compact JSON array, [1,0,2.5,-1]: an element that is
// an integer of int64 with all its digits, any other as its nearest float64 with
// the fewest digits that tell it from its neighbours. It is an error if a sum is
// beyond float64.
func (a Array) AppendText(dst []byte) ([]byte, error) {
	if a.sums == nil {
		return a.commonestPart().appendText(dst)
	}
	start := len(dst)
	dst = append(dst, '[')
	s := a.commonest()
	nextFloat, floats := s.firstFloat(), s.floats
	for i, n := range s.ints {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i == nextFloat {
			sum := s.totalOf(&floats[0])
			if floats = floats[1:]; len(floats) > 0 {
				nextFloat = floats[0].i
			}
			var ok bool
			if n, ok = sum.Int64(); !ok {
				var err error
				if dst, err = sum.AppendJSON(dst); err != nil {
					return dst[:start], err
				}
				continue
			}
		}
		dst = appendDecimal(dst, n)
	}
	return append(dst, ']'), nil
}

// appendText is AppendText for an array in its binary form.
func (p part) appendText(dst []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, '[')
	b := p.entries
	for i := 0; i+1 < len(b); {
		dst = append(dst, manyZeros[:2*int(b[i])]...)
		var v value
		v, i = element(b, i+1)
		if v.kind == kindInt {
			dst = append(appendDecimal(dst, v.n), ',')
			continue
		}
		var sum exact.Sum
		if v.kind == kindFloat {
			sum.Add(v.x)
		} else {
			_ = sum.UnmarshalBinary(b[i-int(v.n) : i]) // check has tried it
		}
		if n, ok := sum.Int64(); ok { // from bytes that AppendBinary does not make
			dst = append(appendDecimal(dst, n), ',')
			continue
		}
		var err error
		if dst, err = sum.AppendJSON(dst); err != nil {
			return dst[:start], err
		}
		dst = append(dst, ',')
	}
	if p.len == 0 {
		return append(dst, ']'), nil
	}
	dst[len(dst)-1] = ']'
	return dst, nil
}

var manyZeros = strings.Repeat("0,", maxZeros)

func appendDecimal(dst []byte, n int64) []byte {
	if uint64(n) < 10 {
		return append(dst, '0'+byte(n))
	}
	return strconv.AppendInt(dst, n, 10)
}

// MarshalJSON returns what AppendText appends.
func (a Array) MarshalJSON() ([]byte, error) { return a.AppendText(nil) }

// String returns the text of a, or what is wrong with it.
func (a Array) String() string {
	b, err := a.AppendText(nil)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
