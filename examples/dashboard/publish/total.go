package publish

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/telemetry-mr/mr/storage/exact"
)

const summaryLen = 5

// A total adds up arrays of one length. Its memory is used again.
type total struct {
	ints   []int64
	floats map[int]*exact.Sum // what an element has beside its int
	absent uint8              // summary values that no array has
	text   []byte
}

// sum returns the text of the sum of cells, valid until the next. What is missing in some of them does not count, and what is
// missing in all of them is missing in the sum. It fails on a sum that is beyond float64.
func (t *total) sum(cells []cell) ([]byte, error) {
	n := elements(cells[0].sums)
	t.ints = append(t.ints[:0], make([]int64, n)...)
	if t.floats == nil {
		t.floats = map[int]*exact.Sum{}
	}
	clear(t.floats)
	t.absent = 1<<summaryLen - 1
	for _, c := range cells {
		if !t.add(c.sums) {
			return nil, fmt.Errorf("%.100q is not an array of %d numbers", c.sums, n)
		}
	}
	b := append(t.text[:0], '[')
	for i, n := range t.ints {
		f := t.floats[i]
		switch k := i - (len(t.ints) - summaryLen); {
		case k >= 0 && t.absent>>k&1 != 0:
			b = append(b, "-1"...)
		case f == nil:
			b = strconv.AppendInt(b, n, 10)
		default:
			f.AddInt(n)
			if whole, ok := f.Int64(); ok {
				b = strconv.AppendInt(b, whole, 10)
				break
			}
			var err error
			if b, err = f.AppendJSON(b); err != nil {
				return nil, err
			}
		}
		b = append(b, ',')
	}
	b[len(b)-1] = ']'
	t.text = b
	return b, nil
}

// add adds the array with this text, and reports whether it is one of the length.
func (t *total) add(text []byte) bool {
	for i := 0; i < len(t.ints); i++ {
		text = text[1:] // the bracket, or a comma
		size := end(text)
		if size < 1 {
			return false
		}
		number := text[:size]
		text = text[size:]
		k := i - (len(t.ints) - summaryLen)
		if number[0] == '-' {
			n, _ := zeros(number[1:])
			i += max(n, 1) - 1
			continue
		}
		if k >= 0 {
			t.absent &^= 1 << k
		}
		if n, ok := small(number); ok {
			old := t.ints[i]
			if t.ints[i] += n; t.ints[i] < 0 {
				t.float(i).AddInt(old)
				t.ints[i] = n
			}
			continue
		}
		if bytes.IndexByte(number, '.') < 0 { // a failure to parse is slow
			if n, err := strconv.ParseInt(string(number), 10, 64); err == nil {
				t.float(i).AddInt(n)
				continue
			}
		}
		x, err := strconv.ParseFloat(string(number), 64)
		if err != nil {
			return false
		}
		t.float(i).Add(x)
	}
	return len(text) == 1
}

// small returns a number of up to 18 digits.
func small(text []byte) (n int64, ok bool) {
	if len(text) > 18 {
		return 0, false
	}
	for _, c := range text {
		if c-'0' > 9 {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

func (t *total) float(i int) *exact.Sum {
	if t.floats[i] == nil {
		t.floats[i] = new(exact.Sum)
	}
	return t.floats[i]
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
