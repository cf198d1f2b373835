package publish

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/telemetry-mr/mr/storage/digits"
	"github.com/telemetry-mr/mr/storage/exact"
)

const summaryLen = 5

// A total adds up arrays of one length. Its memory is used again.
type total struct {
	ints   []int64
	floats []float // by index
	absent uint8   // summary values that no array has
}

// A float is what an element has beside its int.
type float struct {
	i   int
	sum exact.Sum
}

// reset makes t that of no arrays of length n.
func (t *total) reset(n int) {
	t.ints = append(t.ints[:0], make([]int64, n)...)
	t.floats = t.floats[:0]
	t.absent = 1<<summaryLen - 1
}

// add adds the array with this text, and reports whether it is one of the length.
func (t *total) add(text []byte) bool {
	for i := 0; i < len(t.ints); i++ {
		text = text[1:] // the bracket, or a comma
		var n int64
		size := 0
		for size < len(text) && text[size]-'0' <= 9 {
			n = 10*n + int64(text[size]-'0')
			size++
		}
		if size == 0 || size > maxDigits || size == len(text) || text[size] != ',' && text[size] != ']' {
			if size = end(text); size < 1 {
				return false
			}
			if text[0] == '-' {
				more, _ := zeros(text[1:])
				i += max(more, 1) - 1
				text = text[size:]
				continue
			}
			if !t.addLong(i, text[:size]) {
				return false
			}
			n = 0
		}
		text = text[size:]
		if k := i - (len(t.ints) - summaryLen); k >= 0 {
			t.absent &^= 1 << k
		}
		old := t.ints[i]
		if t.ints[i] += n; t.ints[i] < 0 {
			t.float(i).AddInt(old)
			t.ints[i] = n
		}
	}
	return len(text) == 1
}

// maxDigits is how many digits fit into an int64, whichever they are.
const maxDigits = 18

// addLong adds a number that is no int of up to maxDigits digits.
func (t *total) addLong(i int, number []byte) bool {
	if x, ok := decimal(number); ok {
		t.float(i).Add(x)
		return true
	}
	if bytes.IndexByte(number, '.') < 0 { // a failure to parse is slow
		if n, err := strconv.ParseInt(string(number), 10, 64); err == nil {
			t.float(i).AddInt(n)
			return true
		}
	}
	x, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return false
	}
	t.float(i).Add(x)
	return true
}

// decimal is strconv.ParseFloat for up to 19 digits with a point among them.
func decimal(text []byte) (x float64, ok bool) {
	const most = 19
	m, point := digits.Append(text, 0, 0)
	if point == len(text) || text[point] != '.' || len(text) > most+len(".") {
		return 0, false
	}
	m, end := digits.Append(text, point+1, m)
	return exact.Decimal(m, end-point-1), end == len(text)
}

func (t *total) float(i int) *exact.Sum {
	k := 0
	for k < len(t.floats) && t.floats[k].i < i {
		k++
	}
	if k == len(t.floats) || t.floats[k].i != i {
		t.floats = slices.Insert(t.floats, k, float{i: i})
	}
	return &t.floats[k].sum
}

// append appends the text of the sum. What is missing in some of the arrays does not count, and what is missing in all of them
// is missing in the sum. It fails on a sum that is beyond float64.
func (t *total) append(b []byte) ([]byte, error) {
	b = append(b, '[')
	floats := t.floats
	for i, n := range t.ints {
		switch k := i - (len(t.ints) - summaryLen); {
		case k >= 0 && t.absent>>k&1 != 0:
			b = append(b, "-1"...)
		case len(floats) > 0 && floats[0].i == i:
			sum := &floats[0].sum
			floats = floats[1:]
			sum.AddInt(n)
			if whole, ok := sum.Int64(); ok {
				b = strconv.AppendInt(b, whole, 10)
				break
			}
			var err error
			if b, err = sum.AppendJSON(b); err != nil {
				return nil, err
			}
		case n < 10:
			b = append(b, '0'+byte(n))
		default:
			b = strconv.AppendInt(b, n, 10)
		}
		b = append(b, ',')
	}
	b[len(b)-1] = ']'
	return b, nil
}

// end returns where the number that text begins with ends, -1 if it does not.
func end(text []byte) int {
	for i, c := range text {
		if c == ',' || c == ']' {
			return i
		}
	}
	return -1
}
