package publish

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// A release is one that is being published.
type release struct {
	name     string
	site     *Site
	folder   *snapshot
	defs     *histogram.Definitions
	leaves   *leaves
	pings    int64
	byBuild  map[string]map[int]int64 // pings by day and leaf
	bySubmit map[string]map[int]int64
	last     string // day of submission
	recents  recents

	files [2][]byte // room for the files of a measure

	definitions map[string]definition
	measures    []measure
}

// A measure is what measures.json says of one.
type measure struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	Description string  `json:"description"`
	Buckets     []int64 `json:"buckets"` // lower bounds
	Pings       int64   `json:"pings"`
	Last        string  `json:"last"` // build day
}

// publish writes the folder of the release whose rows are at hand, and returns the name that it is to have.
func (r *release) publish(ctx context.Context, in *deltas) (folder string, err error) {
	if in.row().measure != "" {
		return "", fmt.Errorf("%s: the deltas have no pings, only measures", r.name)
	}
	if err := r.readPings(in); err != nil {
		return "", err
	}
	for in.row() != nil && in.row().release == r.name {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := r.measure(in); err != nil {
			return "", err
		}
	}
	r.writeTables()
	channel, major, _ := strings.Cut(r.name, "/")
	return r.folder.close(r.last + "-" + major + "-" + channel)
}

// readPings reads the cells of pings, which come first and so tell all leaves.
func (r *release) readPings(in *deltas) error {
	type place struct{ day, leaf string }
	built, submitted, set := map[place]int64{}, map[place]int64{}, map[string]int64{}
	err := in.measure(func(row *row) error {
		set[row.leaf] += row.pings
		r.pings += row.pings
		r.last = max(r.last, row.submitted)
		built[place{row.built, row.leaf}] += row.pings
		if recent(row.built, row.submitted) {
			submitted[place{row.submitted, row.leaf}] += row.pings
		}
		return nil
	})
	r.leaves = newLeaves(set)
	byDay := func(pings map[place]int64) map[string]map[int]int64 {
		days := map[string]map[int]int64{}
		for p, n := range pings {
			if days[p.day] == nil {
				days[p.day] = map[int]int64{}
			}
			days[p.day][r.leaves.ids[p.leaf]] = n
		}
		return days
	}
	r.byBuild, r.bySubmit = byDay(built), byDay(submitted)
	return err
}

// measure writes the files of the measure at hand.
func (r *release) measure(in *deltas) error {
	name := in.row().measure
	def, reason := lookup(r.defs, name)
	m := measure{Name: name, Kind: def.Kind, Description: def.Description, Buckets: def.ranges}
	built, submitted := family{}, family{}
	err := in.measure(func(row *row) error {
		if reason != "" {
			r.site.drop(reason, name, row.pings)
			return nil
		}
		id, ok := r.leaves.ids[row.leaf]
		if !ok {
			return fmt.Errorf("%s: measure %s has the leaf %s, which no ping has", r.name, name, row.leaf)
		}
		a, ok := row.array()
		switch {
		case !ok:
			r.site.drop("sum beyond what a number can be", name, row.pings)
		case a.Len() != len(def.ranges)+5:
			r.site.drop("other number of buckets than defined", name, row.pings)
		default:
			m.Pings += row.pings
			m.Last = max(m.Last, row.built)
			built.add(row.built, id, a, row)
			if r.recents.recent(row.built, row.submitted) {
				submitted.add(row.submitted, id, a, row)
			}
		}
		return nil
	})
	if err != nil || m.Pings == 0 {
		return err
	}
	b, err1 := built.append(r.files[0][:0])
	s, err2 := submitted.append(r.files[1][:0])
	if err1 != nil || err2 != nil {
		r.site.drop("sum beyond what a number can be", name, m.Pings)
		return nil
	}
	r.files = [2][]byte{b, s}
	r.folder.write(name+"-by-build-date.json", b)
	r.folder.write(name+"-by-submission-date.json", s)
	r.measures = append(r.measures, m)
	r.definitions[name] = def
	return nil
}

// writeTables writes the files that are for the release as a whole.
func (r *release) writeTables() {
	slices.SortFunc(r.measures, func(a, b measure) int {
		return cmp.Or(cmp.Compare(b.Pings, a.Pings), cmp.Compare(a.Name, b.Name))
	})
	if r.measures == nil {
		r.measures = []measure{}
	}
	r.folder.write("histograms.json", encoded(r.definitions))
	r.folder.write("filter-tree.json", r.leaves.tree())
	r.folder.write("measures.json", encoded(r.measures))
	r.folder.write("leaves.json", r.leaves.table())
	r.folder.write("pings.json", encoded(map[string]any{"build": r.byBuild, "submission": r.bySubmit}))
}

// account is what site.json says of the release.
func (r *release) account(folder string) Release {
	days := slices.Sorted(maps.Keys(r.byBuild))
	systems := map[string]bool{}
	for _, leaf := range r.leaves.names {
		systems[strings.Split(leaf, "/")[2]] = true
	}
	return Release{
		Name: r.name, Folder: folder, Pings: r.pings, Measures: len(r.measures),
		FirstBuild: days[0], LastBuild: days[len(days)-1], LastSubmission: r.last,
		Systems: slices.Sorted(maps.Keys(systems)),
	}
}
