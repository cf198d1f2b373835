package job

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage/exact"
)

// Groups is the first row of a day and a release, in JSON.
type Groups struct {
	Groups []Group          `json:"groups"`
	Simple map[string]int64 `json:"simple,omitempty"` // simple measures, and pings with each
	Left   int64            `json:"left,omitempty"`   // pings' simple measures that are left out: there are too many names

	// Revisions are the newest ones of the last days of build, newest first: a build and, behind a blank, the URL of its source.
	Revisions []string `json:"revisions,omitempty"`
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

// A column is the cells of a measure. Without text it has none.
type column struct {
	text    []byte
	pings   int64
	entries []entry // of the group at hand
}

// reduceRelease turns pings with all their measures into measures with all their pings.
func reduceRelease(key Key, values iter.Seq[Sums], rows *mapreduce.Rows) error {
	var groups Groups
	columns, newest := spare.Get().(columns), map[string]string{}
	defer columns.release()
	var touched []*column // by the pings at hand
	for s := range values {
		p, b, ok := cutPlace(s.binary())
		for ok && len(b) > 0 {
			var e entry
			if e, b, ok = cutEntry(b); !ok {
				break
			}
			c := columns[string(e.name)]
			if c == nil {
				c = new(column)
				columns[string(e.name)] = c
			}
			if len(c.entries) == 0 {
				touched = append(touched, c)
			}
			c.entries = append(c.entries, e)
		}
		for _, c := range touched {
			c.add(len(groups.Groups))
		}
		touched = touched[:0]
		groups.Groups = append(groups.Groups, Group{p.built, p.leaf, p.pings})
		newest[p.built] = max(newest[p.built], p.newest)
	}
	groups.leaveOut(columns)
	groups.addRevisions(newest)
	first, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	rows.Add(key.Submitted, key.Release, "", first)
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		if c := columns[name]; len(c.text) > 0 {
			c.text = append(c.text, ']')
			rows.Add(key.Submitted, key.Release, name, c.text)
		}
	}
	return nil
}

// columns are those of a release, by the name of the measure.
type columns map[string]*column

// spare are columns without text, with room.
var spare = sync.Pool{New: func() any { return columns{} }}

// release empties c for another release, unless it is of a size that few have. What this one did not have goes.
func (c columns) release() {
	const most, mostBytes = 4096, 16 << 20
	if len(c) > most {
		return
	}
	room := 0
	for name, column := range c {
		if len(column.text) == 0 {
			delete(c, name)
			continue
		}
		clear(column.entries[:cap(column.entries)]) // they refer to the sums of the last group
		column.text, column.pings, column.entries = column.text[:0], 0, column.entries[:0]
		room += cap(column.text)
	}
	if room <= mostBytes {
		spare.Put(c)
	}
}

// add adds the cells of a group, which are those of the entries.
func (c *column) add(group int) {
	slices.SortFunc(c.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.len, b.len), cmp.Compare(a.missing, b.missing)) })
	for i := range c.entries {
		e := &c.entries[i]
		c.pings += e.pings
		b := append(c.text, "[,"[min(len(c.text), 1)], '[')
		b = append(strconv.AppendInt(b, int64(group), 10), ',')
		b = append(strconv.AppendInt(b, e.pings, 10), ',')
		c.text = append(e.appendText(b), ']')
	}
	c.entries = c.entries[:0]
}

// leaveOut lists the simple measures, and deletes those beyond the first MaxSimple.
func (g *Groups) leaveOut(columns columns) {
	g.Simple = map[string]int64{}
	for name, c := range columns {
		if strings.HasPrefix(name, SimplePrefix) && len(c.text) > 0 {
			g.Simple[name] = c.pings
		}
	}
	for _, name := range Frequent(g.Simple)[min(MaxSimple, len(g.Simple)):] {
		g.Left += g.Simple[name]
		delete(g.Simple, name)
		delete(columns, name)
	}
}

// addRevisions adds the newest revisions of some days.
func (g *Groups) addRevisions(newest map[string]string) {
	const most = 4
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(newest))) {
		if r := newest[day]; r != "" && len(g.Revisions) < most {
			g.Revisions = append(g.Revisions, r)
		}
	}
}

// Frequent returns the names of measures, those with most pings first.
func Frequent(pings map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(pings), func(a, b string) int {
		return cmp.Or(cmp.Compare(pings[b], pings[a]), strings.Compare(a, b))
	})
}

// appendText appends the array as a cell has it.
func (e *entry) appendText(dst []byte) []byte {
	dst = append(dst, '[')
	done := 0
	for b := e.numbers; len(b) >= 4; done++ {
		w := binary.LittleEndian.Uint32(b)
		i := int(w &^ wide >> indexShift)
		if i > done {
			dst = e.appendEmpty(dst, done, i)
			done = i
		}
		switch n := w & (maxSmall - 1); {
		case w >= wide:
			dst, b = appendWideText(dst, b)
		case n < 10:
			dst, b = append(dst, '0'+byte(n)), b[4:]
		default:
			dst, b = strconv.AppendUint(dst, uint64(n), 10), b[4:]
		}
		dst = append(dst, ',')
	}
	if dst = e.appendEmpty(dst, done, e.len); e.len > 0 {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}

// appendEmpty appends elements of which there is no number.
func (e *entry) appendEmpty(dst []byte, i, end int) []byte {
	buckets := e.len - summaryLen
	if zeros := min(end, max(buckets, 0)) - i; zeros > 1 {
		dst = append(strconv.AppendInt(dst, int64(-zeros), 10), ',')
		i += zeros
	}
	for ; i < end; i++ {
		if k := i - buckets; buckets >= 0 && k >= 0 && e.missing>>k&1 != 0 {
			dst = append(dst, "-1,"...)
		} else {
			dst = append(dst, "0,"...)
		}
	}
	return dst
}

// appendWideText appends the first of numbers, which is wide, and returns the others.
func appendWideText(dst, numbers []byte) (appended, rest []byte) {
	v, rest := cutNumber(numbers)
	var sum exact.Sum
	switch v.kind {
	case kindInt:
		return strconv.AppendInt(dst, v.n, 10), rest
	case kindFloat:
		sum.Add(v.x)
	case kindSum:
		_ = sum.UnmarshalBinary(v.sum) // it was made of one
	}
	return appendSumText(dst, sum), rest
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
