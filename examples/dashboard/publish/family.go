package publish

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// A family is what a measure has by day: by build date or by submission date.
type family map[string]map[int]*cell // day, leaf

// A cell is the sum for a day and a leaf.
type cell struct {
	sums     histogram.Array
	pings    int64
	reported uint8 // summary values that at least one ping had
}

func (f family) add(day string, leaf int, a histogram.Array, r *row) {
	cells := f[day]
	if cells == nil {
		cells = map[int]*cell{}
		f[day] = cells
	}
	c := cells[leaf]
	if c == nil {
		c = &cell{}
		cells[leaf] = c
	}
	histogram.Add(&c.sums, a)
	c.pings += r.pings
	c.reported |= ^r.missing
}

// append appends the text of the family's file to b. It fails on a sum that is beyond float64.
func (f family) append(b []byte) ([]byte, error) {
	b = append(b, '{')
	for i, day := range slices.Sorted(maps.Keys(f)) {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = append(b, '"')
		b = append(b, day...)
		b = append(b, `":[`...)
		for i, leaf := range slices.Sorted(maps.Keys(f[day])) {
			if i > 0 {
				b = append(b, ",\n"...)
			}
			var err error
			if b, err = f[day][leaf].append(b, leaf); err != nil {
				return nil, err
			}
		}
		b = append(b, ']')
	}
	return append(b, "}\n"...), nil
}

// append appends the array of a cell: sums, pings and leaf.
func (c *cell) append(b []byte, leaf int) ([]byte, error) {
	start := len(b)
	b, err := c.sums.AppendText(b)
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1] // the bracket
	if c.reported&0b11111 != 0b11111 {
		b = c.unreported(b, start)
	}
	b = append(b, ',')
	b = strconv.AppendInt(b, c.pings, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(leaf), 10)
	return append(b, ']'), nil
}

// unreported makes -1 of the summary values, at the end of b, that no ping had.
func (c *cell) unreported(b []byte, start int) []byte {
	var values [5][]byte
	end := len(b)
	for i := len(values) - 1; i >= 0; i-- {
		comma := start + bytes.LastIndexByte(b[start:end], ',')
		values[i] = bytes.Clone(b[comma+1 : end])
		end = comma
	}
	b = b[:end]
	for i, v := range values {
		b = append(b, ',')
		if c.reported>>i&1 == 0 {
			v = []byte("-1")
		}
		b = append(b, v...)
	}
	return b
}

// recents remembers what recent has returned: rows are many, days few.
type recents map[[2]string]bool

// recent reports whether a day of submission counts by submission date: at most 60 days after the build.
func (r recents) recent(built, submitted string) bool {
	days := [2]string{built, submitted}
	yes, known := r[days]
	if !known {
		yes = recent(built, submitted)
		r[days] = yes
	}
	return yes
}

func recent(built, submitted string) bool {
	b, err1 := time.Parse(dayLayout, built)
	s, err2 := time.Parse(dayLayout, submitted)
	return err1 == nil && err2 == nil && s.Sub(b) <= 60*24*time.Hour
}

const dayLayout = "20060102"

func isDay(s string) bool {
	_, err := time.Parse(dayLayout, s)
	return err == nil
}
