package filter

import (
	"slices"
	"strings"
)

// A Set is a set of values of one dimension: everything, values and ranges, anything but these, or what several of these
// have in common. The zero Set holds every value. A Set never changes and may be used by several goroutines at once.
type Set struct {
	clauses []clause // all of them must hold a value
}

// A clause is a list of values and ranges, one of which must hold a value or, with not, none.
type clause struct {
	typ    string // of the dimension
	not    bool
	values []string // without duplicates, in the order given
	sorted []string // the same for a binary search; only for long lists
	spans  []span
}

// longList is the length from which a list is searched by halving.
const longList = 12

// All returns the Set that holds every value: the zero Set.
func All() Set { return Set{} }

// OneOf returns the Set of the given values. Without any it holds nothing.
func OneOf(values ...string) Set {
	return Set{clauses: []clause{{values: distinct(values)}}}.index()
}

// Range returns the Set of the values from lowest to highest, both included, compared as text. Without hasMin (or hasMax)
// the range has no lower (upper) bound, and the bound is ignored.
func Range(lowest, highest string, hasMin, hasMax bool) Set {
	return rangeOf("", lowest, highest, hasMin, hasMax)
}

func rangeOf(typ, lowest, highest string, hasMin, hasMax bool) Set {
	r := span{typ: typ}
	if hasMin && lowest != "" {
		r.min, r.hasMin = lowest, true
	}
	if hasMax {
		r.max, r.hasMax = highest, true
	}
	if !r.hasMin && !r.hasMax {
		return Set{}
	}
	return Set{clauses: []clause{{typ: typ, spans: []span{r}}}}
}

// distinct returns the values, each once.
func distinct(values []string) []string {
	seen := make(map[string]bool, len(values))
	var once []string
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			once = append(once, v)
		}
	}
	return once
}

// index prepares long lists for a binary search. It is called before anyone else has s.
func (s Set) index() Set {
	for i := range s.clauses {
		if c := &s.clauses[i]; len(c.values) >= longList {
			c.sorted = slices.Sorted(slices.Values(c.values))
		}
	}
	return s
}

func (c *clause) contains(value string) bool {
	return c.lists(value) != c.not
}

func (c *clause) lists(value string) bool {
	if c.typ == "date" && len(c.values) > 0 {
		if digits, ok := dateDigits(value); ok {
			value = digits
		}
	}
	var found bool
	if c.sorted != nil {
		_, found = slices.BinarySearch(c.sorted, value)
	} else {
		found = slices.Contains(c.values, value)
	}
	for i := 0; !found && i < len(c.spans); i++ {
		found = c.spans[i].contains(value)
	}
	return found
}

// Contains reports whether s holds value.
func (s Set) Contains(value string) bool {
	for i := range s.clauses {
		if !s.clauses[i].contains(value) {
			return false
		}
	}
	return true
}

// IsAll reports whether s holds every value.
func (s Set) IsAll() bool { return len(s.clauses) == 0 }

// IsEmpty reports whether s holds no value, as far as that is seen without looking at any: ranges that have nothing in
// common are not compared.
func (s Set) IsEmpty() bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool {
		return !c.not && !slices.ContainsFunc(c.values, s.Contains) && !slices.ContainsFunc(c.spans, func(r span) bool { return !r.isEmpty() })
	})
}

// Intersect returns the Set of the values that both s and o hold, which must be of the same dimension.
func (s Set) Intersect(o Set) Set {
	switch {
	case s.IsAll():
		return o
	case o.IsAll():
		return s
	}
	return Set{clauses: slices.Concat(s.clauses, o.clauses)}
}

// Map returns the Set with every value of its lists, and every bound of its ranges of text, replaced by what f makes of
// it. An empty bound stays empty, and so do numbers, versions and dates, which are what they are in any spelling. Map acts
// on what the Set was made from, so for sets a and b, mapping their intersection is the same as intersecting their
// mappings.
func (s Set) Map(f func(string) string) Set {
	mapped := Set{clauses: slices.Clone(s.clauses)}
	for i := range mapped.clauses {
		c := &mapped.clauses[i]
		values := make([]string, len(c.values))
		for j, v := range c.values {
			values[j] = f(v)
		}
		c.values, c.sorted, c.spans = distinct(values), nil, slices.Clone(c.spans)
		for j := range c.spans {
			c.spans[j].mapBounds(f)
		}
	}
	return mapped.index()
}

func (r *span) mapBounds(f func(string) string) {
	if hasOrder(r.typ) {
		return
	}
	if r.hasMin {
		r.min = f(r.min)
	}
	if r.hasMax && r.max != "" {
		r.max = f(r.max)
	}
}

// Values returns what s names one by one, be it to hold or to exclude it, each as a Set of its own: for a caller that
// notes which of them it meets. Ranges are not among them. String of such a Set is the value.
func (s Set) Values() []Set {
	var all []Set
	for i := range s.clauses {
		c := &s.clauses[i]
		for _, v := range c.values {
			all = append(all, Set{clauses: []clause{{typ: c.typ, values: []string{v}}}})
		}
		for _, r := range c.spans {
			if text, ok := r.text(); ok && !strings.Contains(text, "..") {
				all = append(all, Set{clauses: []clause{{typ: c.typ, spans: []span{r}}}})
			}
		}
	}
	return all
}

// names returns the values of lists that s is made of.
func (s Set) names() []string {
	var all []string
	for _, c := range s.clauses {
		if !c.not {
			all = append(all, c.values...)
		}
	}
	return all
}

func (s Set) hasRange() bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool { return len(c.spans) > 0 })
}

// typeName returns the type of the dimension that s is for, as far as s knows.
func (s Set) typeName() string {
	for _, c := range s.clauses {
		if c.typ != "" {
			return c.typ
		}
	}
	return ""
}
