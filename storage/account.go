package storage

import (
	"slices"
	"strings"
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
		if len(w.met[i]) == 0 {
			continue
		}
		clean := func(v string) string { return w.tree.layout.clean(i, v) }
		matched := false
		var values []string // of names, as they are spelled
		for value, held := range w.met[i] {
			matched = matched || held
			values = append(values, clean(value))
		}
		var missing []string
		for _, named := range w.filter[name].Values() {
			text := named.String()
			if text != other && !slices.ContainsFunc(values, named.Map(clean).Contains) { // a store need not have OTHER
				missing = append(missing, text)
			}
		}
		if !matched && len(missing) == 0 {
			missing = []string{w.filter[name].String()}
		}
		if len(missing) > 0 {
			all = append(all, Unmatched{name, missing})
		}
	}
	return all
}

// holds reports whether the filter holds this value of a dimension, and notes it.
func (w *Walk) holds(dim int, value string) bool {
	if w.sets[dim].IsAll() {
		return true
	}
	held, known := w.met[dim][value]
	if !known {
		if w.met[dim] == nil {
			w.met[dim] = map[string]bool{}
		}
		held = w.sets[dim].Contains(w.tree.layout.clean(dim, value))
		w.met[dim][strings.Clone(value)] = held
	}
	return held
}
