package storage

import (
	"slices"

	"github.com/telemetry-mr/mr/filter"
)

// A Level is the account of a Walk for one depth of the tree: the names in all directories there that it has read. They are
// names of directories, at the last level of files. Names = Pruned + Stray + Selected.
type Level struct {
	Dims     []string // whose values are in the names
	Dirs     int      // directories read to get the names
	Names    int
	Pruned   int   // whose values the filter does not hold
	Stray    int   // that do not belong to the store
	Selected int   // directories to read, at the last level files
	Bytes    int64 // of the selected files, as stored
}

// Levels returns the account so far, from the root down. The last level is that of the files.
func (w *Walk) Levels() []Level { return slices.Clone(w.levels) }

// Unmatched is a part of a filter that selects, or excludes, nothing: values of a dimension that no name had which the walk
// has seen. A name that lies below a directory which the filter does not hold is not seen.
type Unmatched struct {
	Dimension string
	Values    []string // as in the filter, but for OTHER; a range, min..max, only where nothing at all was held
}

// Unmatched returns what the filter names in vain, in the order of the dimensions. A dimension of which the walk has seen
// no name at all, because there is nothing left above, is not among them.
func (w *Walk) Unmatched() []Unmatched {
	var all []Unmatched
	for i, name := range w.tree.names {
		t := &w.terms[i]
		var values []string
		for _, n := range t.missing {
			values = append(values, n.name)
		}
		if !t.matched && len(values) == 0 {
			values = []string{w.filter[name].String()}
		}
		if t.seen && len(values) > 0 {
			all = append(all, Unmatched{name, values})
		}
	}
	return all
}

// A term is what has been met of what a filter says of one dimension.
type term struct {
	seen    bool        // a name was compared with it
	matched bool        // and was held
	missing []namedTerm // the values that no name has had yet

	met map[string]bool // values that were compared, while there are missing ones
}

// A namedTerm is a value as it is named in the filter, and the set of all that it stands for, as spelled in a path.
type namedTerm struct {
	name string
	set  filter.Set
}

func newTerm(set filter.Set, clean func(string) string) term {
	var t term
	for _, v := range set.Values() {
		if name := v.String(); name != other { // which a store need not have
			t.missing = append(t.missing, namedTerm{name, v.Map(clean)})
		}
	}
	return t
}

// note notes a value that was compared with the term, and whether that holds it.
func (t *term) note(value string, held bool) {
	t.seen = true
	t.matched = t.matched || held
	if len(t.missing) == 0 || t.met[value] {
		return
	}
	if t.met == nil {
		t.met = map[string]bool{}
	}
	t.met[value] = true
	t.missing = slices.DeleteFunc(t.missing, func(n namedTerm) bool { return n.set.Contains(value) })
}
