package job

import (
	"cmp"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage/exact"
)

// Groups is the first row of a day and a release, in JSON.
type Groups struct {
	Groups []Group          `json:"groups"`
	Simple map[string]int64 `json:"simple,omitempty"` // simple measures, and pings with each
	Left   int64            `json:"left,omitempty"`   // pings' simple measures that are left out: there are too many names
}

// A Group is the pings with one place.
type Group struct {
	Built string `json:"built"`
	Leaf  string `json:"leaf"`
	Pings int64  `json:"pings"`
}

// Days returns the days of build, in order.
func (g *Groups) Days() []string {
	days := make([]string, len(g.Groups))
	for i := range g.Groups {
		days[i] = g.Groups[i].Built
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// A column is the cells of a measure.
type column struct {
	text  []byte
	pings int64
}

// reduceRelease turns pings with all their measures into measures with all their pings.
func reduceRelease(key Key, values iter.Seq[Sums], rows *mapreduce.Rows) error {
	var groups Groups
	columns := map[string]*column{}
	for s := range values {
		p, b, ok := cutPlace(s.binary())
		for ok && len(b) > 0 {
			var e entry
			if e, b, ok = cutEntry(b); !ok {
				break
			}
			c := columns[string(e.name)]
			if c == nil {
				c = &column{text: make([]byte, 0, 1024)}
				columns[string(e.name)] = c
			}
			c.add(len(groups.Groups), e)
		}
		groups.Groups = append(groups.Groups, Group{string(p.built), string(p.leaf), p.pings})
	}
	groups.leaveOut(columns)
	first, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	rows.Add(key.Submitted, key.Release, "", first)
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		rows.Add(key.Submitted, key.Release, name, append(columns[name].text, ']'))
	}
	return nil
}

func (c *column) add(group int, e entry) {
	c.pings += e.pings
	b := append(c.text, "[,"[min(len(c.text), 1)], '[')
	b = append(strconv.AppendInt(b, int64(group), 10), ',')
	b = append(strconv.AppendInt(b, e.pings, 10), ',')
	c.text = append(e.appendText(b), ']')
}

// leaveOut lists the simple measures, and deletes those beyond the first MaxSimple.
func (g *Groups) leaveOut(columns map[string]*column) {
	g.Simple = map[string]int64{}
	for name, c := range columns {
		if strings.HasPrefix(name, SimplePrefix) {
			g.Simple[name] = c.pings
		}
	}
	for _, name := range Frequent(g.Simple)[min(MaxSimple, len(g.Simple)):] {
		g.Left += g.Simple[name]
		delete(g.Simple, name)
		delete(columns, name)
	}
}

// Frequent returns the names of measures, those with most pings first.
func Frequent(pings map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(pings), func(a, b string) int {
		return cmp.Or(cmp.Compare(pings[b], pings[a]), strings.Compare(a, b))
	})
}

var manyZeros = strings.Repeat("0,", 100)

// appendText appends the array as JSON: an integer with all its digits, any other number as the nearest float64, and -1 for
// what is missing.
func (e *entry) appendText(dst []byte) []byte {
	dst = append(dst, '[')
	ints, floats := e.ints, e.floats
	nextInt, nextFloat := e.len, e.len
	var n int64
	var sum exact.Sum
	takeInt := func() {
		if nextInt = e.len; len(ints) > 0 {
			nextInt, n, ints = cutInt(ints)
		}
	}
	takeFloat := func() {
		if nextFloat = e.len; len(floats) > 0 {
			var x float64
			var b []byte
			nextFloat, x, b, floats = cutFloat(floats)
			if sum = (exact.Sum{}); b == nil {
				sum.Add(x)
			} else {
				_ = sum.UnmarshalBinary(b) // it was made of one
			}
		}
	}
	takeInt()
	takeFloat()
	summary := max(e.len-summaryLen, 0)
	for i := 0; i < e.len; {
		switch {
		case i == nextInt:
			dst = append(strconv.AppendInt(dst, n, 10), ',')
			takeInt()
		case i == nextFloat:
			dst = append(appendSumText(dst, sum), ',')
			takeFloat()
		case i >= summary && e.missing>>(i-summary)&1 != 0:
			dst = append(dst, "-1,"...)
		default:
			zeros := 1
			if i < summary {
				zeros = min(nextInt, nextFloat, summary) - i
			}
			for i += zeros; zeros > 0; zeros -= 100 {
				dst = append(dst, manyZeros[:2*min(zeros, 100)]...)
			}
			continue
		}
		i++
	}
	if e.len > 0 {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}

func appendSumText(dst []byte, sum exact.Sum) []byte {
	if n, ok := sum.Int64(); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	text, err := sum.AppendJSON(dst)
	if err != nil {
		panic(err) // no numbers of pings add up to so much
	}
	return text
}
