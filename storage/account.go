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

// Unmatched is a part of a filter that selects nothing: values of a dimension that no name had which the walk has seen. A
// name that lies below a directory which the filter does not hold is not seen.
type Unmatched struct {
	Dimension string
	Values    []string // as in the filter; one range, min..max, counts as a value
}

// Unmatched returns what the filter names in vain, in the order of the dimensions. A dimension of which the walk has seen
// no name at all, because there is nothing left above, is not among them.
func (w *Walk) Unmatched() []Unmatched {
	var all []Unmatched
	for i, name := range w.tree.names {
		t := &w.terms[i]
		if !t.seen || t.matched && len(t.missing) == 0 {
			continue
		}
		set := w.filter[name]
		list, ok := set.List()
		if !ok {
			all = append(all, Unmatched{name, []string{set.String()}})
			continue
		}
		var values []string
		for _, v := range list {
			if t.missing[w.tree.layout.clean(i, v)] {
				values = append(values, v)
			}
		}
		all = append(all, Unmatched{name, values})
	}
	return all
}

// A term is what has been met of the values that a filter names for one dimension.
type term struct {
	seen    bool            // a name was compared with it
	matched bool            // and was held
	missing map[string]bool // of a list: the values that no name has had yet, as they are spelled in a path
}

func newTerm(set filter.Set) term {
	list, _ := set.List()
	t := term{missing: make(map[string]bool, len(list))}
	for _, v := range list {
		t.missing[v] = true
	}
	return t
}

// met notes a value that was compared with the term, and whether that holds it.
func (t *term) met(value string, held bool) {
	t.seen = true
	if held {
		t.matched = true
		delete(t.missing, value)
	}
}
