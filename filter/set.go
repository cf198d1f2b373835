package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Set is a set of values of one dimension: everything, a list, a range, or what several of these have in common.
// The zero Set holds every value. A Set never changes and may be used by several goroutines at once.
type Set struct {
	terms []term // all of them must hold a value
}

// A term is a list or, when values is nil, a range.
type term struct {
	values []string // without duplicates, in the order given
	sorted []string // the same for a binary search; only for long lists

	min, max       string
	hasMin, hasMax bool
}

// longList is the length from which a list is searched by halving.
const longList = 12

// All returns the Set that holds every value: the zero Set.
func All() Set { return Set{} }

// OneOf returns the Set of the given values. Without any it holds nothing.
func OneOf(values ...string) Set {
	t := term{values: make([]string, 0, len(values))}
	if len(values) < longList {
		for _, v := range values {
			if !slices.Contains(t.values, v) {
				t.values = append(t.values, v)
			}
		}
		return Set{terms: []term{t}}
	}
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			t.values = append(t.values, v)
		}
	}
	t.sorted = slices.Sorted(slices.Values(t.values))
	return Set{terms: []term{t}}
}

// Range returns the Set of the values from lowest to highest, both included. Without hasMin (or hasMax) the range has
// no lower (upper) bound, and the bound is ignored.
func Range(lowest, highest string, hasMin, hasMax bool) Set {
	t := term{min: lowest, max: highest, hasMin: hasMin && lowest != "", hasMax: hasMax}
	if !t.hasMin {
		t.min = ""
	}
	if !t.hasMax {
		t.max = ""
	}
	if !t.hasMin && !t.hasMax {
		return Set{}
	}
	return Set{terms: []term{t}}
}

func (t *term) contains(value string) bool {
	switch {
	case t.sorted != nil:
		_, found := slices.BinarySearch(t.sorted, value)
		return found
	case t.values != nil:
		return slices.Contains(t.values, value)
	}
	return (!t.hasMin || value >= t.min) && (!t.hasMax || value <= t.max)
}

// Contains reports whether s holds value.
func (s Set) Contains(value string) bool {
	for i := range s.terms {
		if !s.terms[i].contains(value) {
			return false
		}
	}
	return true
}

// IsAll reports whether s holds every value.
func (s Set) IsAll() bool { return len(s.terms) == 0 }

// IsEmpty reports whether s holds no value at all.
func (s Set) IsEmpty() bool {
	t, all := s.resolve()
	if all {
		return false
	}
	if t.values != nil {
		return len(t.values) == 0
	}
	return t.hasMax && t.max < t.min
}

// List returns the values of s if it is a list, in the order given. The caller must not change them.
func (s Set) List() (values []string, ok bool) {
	t, all := s.resolve()
	return t.values, !all && t.values != nil
}

// Intersect returns the Set of the values that both s and o hold.
func (s Set) Intersect(o Set) Set {
	switch {
	case s.IsAll():
		return o
	case o.IsAll():
		return s
	}
	return Set{terms: slices.Concat(s.terms, o.terms)}
}

// Map returns the Set with every value of its lists and every bound of its ranges replaced by what f makes of it. An
// empty bound stays empty. Map acts on what the Set was made from, so for sets a and b, mapping their intersection is
// the same as intersecting their mappings.
func (s Set) Map(f func(string) string) Set {
	mapped := All()
	for _, t := range s.terms {
		if t.values != nil {
			values := make([]string, len(t.values))
			for i, v := range t.values {
				values[i] = f(v)
			}
			mapped = mapped.Intersect(OneOf(values...))
			continue
		}
		if t.hasMin {
			t.min = f(t.min)
		}
		if t.hasMax && t.max != "" {
			t.max = f(t.max)
		}
		mapped = mapped.Intersect(Range(t.min, t.max, t.hasMin, t.hasMax))
	}
	return mapped
}

// resolve returns one list or range that holds what s holds, or true if s holds everything.
func (s Set) resolve() (t term, all bool) {
	switch len(s.terms) {
	case 0:
		return term{}, true
	case 1:
		return s.terms[0], false
	}
	for _, t := range s.terms {
		if t.values == nil {
			continue
		}
		common := term{values: []string{}}
		for _, v := range t.values {
			if s.Contains(v) {
				common.values = append(common.values, v)
			}
		}
		return common, false
	}
	for _, r := range s.terms {
		if r.hasMin && (!t.hasMin || r.min > t.min) {
			t.min, t.hasMin = r.min, true
		}
		if r.hasMax && (!t.hasMax || r.max < t.max) {
			t.max, t.hasMax = r.max, true
		}
	}
	return t, false
}

// String returns s in the notation of expressions: "*", "a,b", "min..max"; "(nothing)" for the empty list. It is for
// people to read: a value may itself contain a comma.
func (s Set) String() string {
	t, all := s.resolve()
	switch {
	case all:
		return "*"
	case t.values == nil:
		return t.min + ".." + t.max
	case len(t.values) == 0:
		return "(nothing)"
	}
	return strings.Join(t.values, ",")
}

// MarshalJSON writes s as the value of "allowed_values": "*", a list, or an object with min and max. The result holds
// the same values as s; what an intersection was made from is not kept. A value that is not UTF-8, or the value "*" in
// a list, has no such form and is an error.
func (s Set) MarshalJSON() ([]byte, error) {
	t, all := s.resolve()
	for _, v := range slices.Concat(t.values, []string{t.min, t.max}) {
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("value %q is not UTF-8", v)
		}
	}
	switch {
	case all:
		return []byte(`"*"`), nil
	case slices.Contains(t.values, "*"):
		return nil, fmt.Errorf(`a list with the value "*" has no JSON form`)
	case t.values != nil:
		return marshal(t.values)
	}
	var bounds struct {
		Min *string `json:"min,omitempty"`
		Max *string `json:"max,omitempty"`
	}
	if t.hasMin {
		bounds.Min = &t.min
	}
	if t.hasMax {
		bounds.Max = &t.max
	}
	return marshal(bounds)
}

// marshal is json.Marshal without the escapes for HTML, which would only make a schema harder to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads the value of "allowed_values": "*" for everything, a list of strings, one string, or an object
// with "min" and "max", either of which may be missing. Its errors are of type *DocumentError, with the position in
// data.
func (s *Set) UnmarshalJSON(data []byte) error {
	p, err := newParser(data)
	if err != nil {
		return err
	}
	set, err := p.set()
	if err != nil {
		return err
	}
	*s = set
	return nil
}
