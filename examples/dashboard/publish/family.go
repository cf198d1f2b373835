package publish

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// A family is what a measure has by day: by build date or by submission date.
type family struct {
	days    []string
	places  []place // that cells may have, in order
	links   []link  // of the measure, one for each cell
	last    []int   // by index of a place: 1 + index of its last link, 0 if it has none
	touched marks   // places that have cells
	total   total
}

// A place is the index of a day and the id of a leaf.
type place uint64

// nowhere is the place of cells that a family is not to have.
const nowhere = ^place(0)

func placeOf(day, leaf int) place { return place(day)<<32 | place(leaf) }

func (p place) day() int { return int(p >> 32) }

func (p place) leaf() uint64 { return uint64(p & (1<<32 - 1)) }

// A cell is what the pings of a place say, or some of these.
type cell struct {
	pings int64
	text  []byte // array of the job
	dense []byte // the same with all its elements
}

// A link names a cell of a place.
type link struct {
	cell   int
	before int // 1 + index of the place's link before, 0 if there is none
}

// number says which places cells may have, in any order and more than once, and returns the index of each, -1 for nowhere.
func (f *family) number(places []place) (index []int) {
	f.places = slices.Compact(slices.Sorted(slices.Values(places)))
	if n := len(f.places); n > 0 && f.places[n-1] == nowhere {
		f.places = f.places[:n-1]
	}
	for _, p := range places {
		i, ok := slices.BinarySearch(f.places, p)
		if !ok {
			i = -1
		}
		index = append(index, i)
	}
	f.last = make([]int, len(f.places))
	f.touched = make(marks, (len(f.places)+63)/64)
	return index
}

// clear begins another measure.
func (f *family) clear() {
	for i := range f.touched.all {
		f.last[i] = 0
	}
	clear(f.touched)
	f.links = f.links[:0]
}

// add adds a cell to the place with this index.
func (f *family) add(place, cell int) {
	f.links = append(f.links, link{cell, f.last[place]})
	f.last[place] = len(f.links)
	f.touched.set(place)
}

// append appends the text of the family's file to b: old, the text that it had before, with its cells in place of what old
// has for their days. Their arrays have n elements. It fails on a sum that is beyond float64.
func (f *family) append(b, old []byte, cells []cell, n int) ([]byte, error) {
	b = append(b, '{')
	start := len(b)
	separate := func() {
		if len(b) > start {
			b = append(b, ",\n"...)
		}
	}
	kept := sections{old[1 : len(old)-len("}\n")]}
	last := -1 // day
	for i := range f.touched.all {
		if d := f.places[i].day(); d == last {
			b = append(b, ",\n"...)
		} else {
			if last >= 0 {
				b = append(b, ']')
			}
			last = d
			day := f.days[d]
			for section := kept.before(day); section != nil; section = kept.before(day) {
				separate()
				b = append(b, section...)
			}
			kept.skip(day)
			separate()
			b = append(append(append(b, '"'), day...), `":[`...)
		}
		var err error
		if b, err = f.appendPlace(b, i, cells, n); err != nil {
			return nil, err
		}
	}
	if last >= 0 {
		b = append(b, ']')
	}
	if len(kept.text) > 0 {
		separate()
		b = append(b, kept.text...)
	}
	return append(b, "}\n"...), nil
}

// appendPlace appends the sum of a place's cells.
func (f *family) appendPlace(b []byte, place int, cells []cell, n int) ([]byte, error) {
	l := f.links[f.last[place]-1]
	c := &cells[l.cell]
	pings := c.pings
	if l.before == 0 {
		b = append(b, c.dense...)
	} else {
		f.total.reset(n)
		for {
			if !f.total.add(c.text) {
				return nil, fmt.Errorf("%.100q is not an array of %d numbers", c.text, n)
			}
			if l.before == 0 {
				break
			}
			l = f.links[l.before-1]
			c = &cells[l.cell]
			pings += c.pings
		}
		var err error
		if b, err = f.total.append(b); err != nil {
			return nil, err
		}
	}
	b[len(b)-1] = ',' // the bracket
	b = strconv.AppendInt(b, pings, 10)
	b = strconv.AppendUint(append(b, ','), f.places[place].leaf(), 10)
	return append(b, ']'), nil
}

// marks are a set of small numbers, a bit each.
type marks []uint64

func (m marks) set(i int) { m[i/64] |= 1 << (i % 64) }

// all yields the numbers in order.
func (m marks) all(yield func(int) bool) {
	for i, word := range m {
		for ; word != 0; word &= word - 1 {
			if !yield(64*i + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// noSections is the file of a family without cells.
var noSections = []byte("{}\n")

// isFamily reports whether text looks like what append makes.
func isFamily(text []byte) bool {
	return bytes.HasSuffix(text, []byte("}\n")) && (len(text) == len(noSections) || bytes.HasPrefix(text, []byte(`{"`)))
}

// sections are those of a file that are still to be read, one for each day, in order.
type sections struct{ text []byte }

// before takes the next section if it is of a day before this one.
func (s *sections) before(day string) (section []byte) {
	const from, to = len(`"`), len(`"20131101`)
	if len(s.text) < to || string(s.text[from:to]) >= day {
		return nil
	}
	section = s.text
	if end := bytes.Index(section, []byte(",\n\"")); end >= 0 {
		section, s.text = section[:end], section[end+len(",\n"):]
	} else {
		s.text = nil
	}
	return section
}

// skip passes over the next section if it is of this day.
func (s *sections) skip(day string) {
	if bytes.HasPrefix(s.text, []byte(`"`+day)) {
		s.before(day + "0")
	}
}

// recent reports whether a day of submission counts by submission date: at most 60 days after the build.
func recent(built, submitted string) bool {
	b, err1 := time.Parse(dayLayout, built)
	s, err2 := time.Parse(dayLayout, submitted)
	return err1 == nil && err2 == nil && s.Sub(b) <= 60*24*time.Hour
}

const dayLayout = "20060102"

// IsDay reports whether s is a day: 20131101.
func IsDay(s string) bool {
	_, err := time.Parse(dayLayout, s)
	return err == nil
}

// isSimple reports whether a measure is a simple one.
func isSimple(measure string) bool {
	return len(measure) > len(job.SimplePrefix) && measure[:len(job.SimplePrefix)] == job.SimplePrefix
}
