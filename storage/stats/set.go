package stats

import (
	"sync"
	"time"
)

// Other is the value under which a Set counts those that it has no room for.
const Other = "(other)"

// A Key says what is counted.
type Key struct {
	Source    string `json:"source"`    // receive, convert
	What      string `json:"what"`      // accepted, bad.bad_payload, ...
	Dimension string `json:"dimension"` // "" for everything
	Value     string `json:"value"`     // of the dimension
}

// Limits of a Set. A series takes 3.5 KiB, and there are no more than maxSeries.
const (
	maxValues = 40   // of one dimension that are counted each for itself
	maxSeries = 4000 // in all
	maxText   = 64   // bytes of a value
)

// A Set is safe for concurrent use.
type Set struct {
	since time.Time

	mu       sync.Mutex        // guards what follows
	families map[Key]*family   // by keys without a value
	series   int               // in all families
	overflow map[string]uint64 // things that were not counted at all, by source
}

// A family has the values of a dimension.
type family struct {
	values map[string]*series
	pruned time.Time
}

type series struct {
	total Sum
	rings []ring // one for each of Windows
}

func (s *series) add(at time.Time, sum Sum) {
	s.total.add(sum)
	for i, w := range Windows {
		s.rings[i].add(w, w.row(at), sum)
	}
}

// NewSet is an empty set whose rates count from a time.
func NewSet(since time.Time) *Set {
	return &Set{since: since, families: map[Key]*family{}, overflow: map[string]uint64{}}
}

// Add counts things, and bytes, at a time. Of a dimension 40 values have a count of their own. More, and those that are long or
// have unprintable characters, count as Other. About once a minute, values that are rare among the others make room, and what
// they had goes to Other: so frequent values find a place even if someone makes up new ones all the time.
func (s *Set) Add(at time.Time, k Key, count, bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := k.Value
	k.Value = ""
	f := s.families[k]
	if f == nil {
		if s.series >= maxSeries || !isPlain(k.Source) || !isPlain(k.What) || !isPlain(k.Dimension) {
			s.overflow[source(k)] += count
			return
		}
		f = &family{values: map[string]*series{}, pruned: at}
		s.families[k] = f
	}
	one := f.values[value]
	if one == nil {
		one = s.begin(f, value, at)
	}
	one.add(at, Sum{count, bytes})
}

// source is the key's, as far as it is one of ours.
func source(k Key) string {
	if isPlain(k.Source) && len(k.Source) < 16 {
		return k.Source
	}
	return Other
}

// begin finds a place for a value of a family.
func (s *Set) begin(f *family, value string, at time.Time) *series {
	if value != Other && !(isPlain(value) && s.hasRoom(f, at)) {
		value = Other
	}
	if one := f.values[value]; one != nil {
		return one
	}
	one := &series{rings: make([]ring, len(Windows))}
	f.values[string([]byte(value))] = one // value may be part of something large
	s.series++
	return one
}

// hasRoom tells whether another value has a place, which rare ones may have to give up.
func (s *Set) hasRoom(f *family, at time.Time) bool {
	if len(f.values) < maxValues && s.series < maxSeries {
		return true
	}
	if at.Sub(f.pruned) < time.Minute {
		return false
	}
	f.pruned = at
	s.prune(f, at)
	return len(f.values) < maxValues && s.series < maxSeries
}

// prune moves to Other what has less than a quarter of a fair share of the last hour.
func (s *Set) prune(f *family, at time.Time) {
	const hour = 1
	now := Windows[hour].row(at)
	total := uint64(0)
	for _, one := range f.values {
		total += one.rings[hour].sum(Windows[hour], now).Count
	}
	for value, one := range f.values {
		if value == Other || one.rings[hour].sum(Windows[hour], now).Count > total/(4*maxValues) {
			continue
		}
		delete(f.values, value)
		s.series--
		other := s.begin(f, Other, at)
		other.total.add(one.total)
		for i, w := range Windows {
			other.rings[i].merge(w, &one.rings[i])
		}
	}
}

// isPlain tells whether text is short and printable.
func isPlain(text string) bool {
	if len(text) > maxText {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
