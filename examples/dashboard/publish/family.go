package publish

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// A family is what a measure has by day: by build date or by submission date.
type family struct {
	days  []string
	cells []cell
	total total
}

// A cell is what the pings of a day and a leaf say, or some of these.
type cell struct {
	place uint64 // index of the day, id of the leaf
	pings int64
	sums  []byte // JSON, of the job
}

func (c cell) day() int { return int(c.place >> 32) }

func (f *family) add(day, leaf int, pings int64, sums []byte) {
	f.cells = append(f.cells, cell{uint64(day)<<32 | uint64(leaf), pings, sums})
}

// append appends the text of the family's file to b: old, the text that it had before, with its cells in place of what old
// has for their days. It fails on a sum that is beyond float64.
func (f *family) append(b, old []byte) ([]byte, error) {
	slices.SortFunc(f.cells, func(a, b cell) int { return cmp.Compare(a.place, b.place) })
	b = append(b, '{')
	start := len(b)
	separate := func() {
		if len(b) > start {
			b = append(b, ",\n"...)
		}
	}
	kept := sections{old[1 : len(old)-len("}\n")]}
	for cells := f.cells; len(cells) > 0; {
		n := 1
		for n < len(cells) && cells[n].day() == cells[0].day() {
			n++
		}
		day := f.days[cells[0].day()]
		for section := kept.before(day); section != nil; section = kept.before(day) {
			separate()
			b = append(b, section...)
		}
		kept.skip(day)
		separate()
		var err error
		if b, err = appendDay(b, day, cells[:n], &f.total); err != nil {
			return nil, err
		}
		cells = cells[n:]
	}
	if len(kept.text) > 0 {
		separate()
		b = append(b, kept.text...)
	}
	return append(b, "}\n"...), nil
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

// appendDay appends the section of a day whose cells are given, by leaf.
func appendDay(b []byte, day string, cells []cell, t *total) ([]byte, error) {
	b = append(append(append(b, '"'), day...), `":[`...)
	for i := 0; i < len(cells); {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		sum, n := cells[i], 1
		for i+n < len(cells) && cells[i+n].place == sum.place {
			n++
		}
		if n > 1 {
			var err error
			if sum.sums, err = t.sum(cells[i : i+n]); err != nil {
				return nil, err
			}
			for _, c := range cells[i+1 : i+n] {
				sum.pings += c.pings
			}
		}
		b = appendDense(b, sum.sums[:len(sum.sums)-1]) // without the bracket
		b = strconv.AppendInt(append(b, ','), sum.pings, 10)
		b = strconv.AppendUint(append(b, ','), sum.place&(1<<32-1), 10)
		b = append(b, ']')
		i += n
	}
	return append(b, ']'), nil
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
