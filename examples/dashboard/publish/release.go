package publish

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// A release is one that is to be published: its parts by day, in order.
type release struct {
	name  string
	days  []string
	parts []Part
	defs  Definitions
}

// releases returns those of some days, by name.
func releases(days []Manifest) []*release {
	all := map[string]*release{}
	for _, m := range days {
		for _, p := range m.Parts {
			r := all[p.Release]
			if r == nil {
				r = &release{name: p.Release}
				all[p.Release] = r
			}
			r.days, r.parts = append(r.days, m.Day), append(r.parts, p)
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *release) int { return strings.Compare(a.name, b.name) })
}

// folder is the name of the release's folder: its last day, and a hash of all that its files are made of.
func (r *release) folder(compress bool) string {
	h := sha256.New()
	fmt.Fprintln(h, "files of DATA.md, 2", compress, r.name, r.defs.Sum) // another number for other files of the same parts
	for i, p := range r.parts {
		fmt.Fprintln(h, r.days[i], p.Sum)
	}
	return partStem(r.days[len(r.days)-1], r.name) + "-" + hex.EncodeToString(h.Sum(nil))[:16]
}

// An edition is the content of a folder, being made.
type edition struct {
	*release
	to       *snapshot
	readers  []*partReader
	built    []string // the days of build
	leaves   *leaves
	simple   map[string]bool // those that are published
	account  account
	measures []measure

	definitions map[string]definition
	byBuild     family
	bySubmit    family
	file        []byte // room for a file
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

// publish writes the files of the release.
func (r *release) publish(ctx context.Context, state string, to *snapshot) (account, error) {
	e := &edition{release: r, to: to, definitions: map[string]definition{}, measures: []measure{}}
	defer func() {
		for _, p := range e.readers {
			p.close()
		}
	}()
	for i, p := range r.parts {
		in, err := openPart(state, r.days[i], p)
		if err != nil {
			return account{}, err
		}
		e.readers = append(e.readers, in)
	}
	e.group()
	for _, p := range e.readers {
		if err := p.next(); err != nil {
			return account{}, err
		}
	}
	for name := e.least(); name != ""; name = e.least() {
		if err := ctx.Err(); err != nil {
			return account{}, err
		}
		if err := e.measure(name); err != nil {
			return account{}, err
		}
	}
	e.account.Measures = len(e.measures)
	e.writeTables()
	return e.account, e.to.close()
}

// group numbers the groups of all parts, which tell all leaves and days, and writes what all pings are.
func (e *edition) group() {
	a := &e.account
	a.Name, a.Folder, a.LastSubmission = e.name, e.to.name, e.days[len(e.days)-1]
	set, built, simple, systems := map[string]bool{}, map[string]int{}, map[string]int64{}, map[string]bool{}
	for _, p := range e.readers {
		for _, g := range p.groups.Groups {
			set[g.Leaf] = true
			built[g.Built] = 0
			systems[strings.Split(g.Leaf, "/")[2]] = true
			a.Pings += g.Pings
		}
		for name, n := range p.groups.Simple {
			simple[name] += n
		}
		a.leftOut(tooManySimple, p.groups.Left)
	}
	e.leaves, e.built, e.simple = newLeaves(set), slices.Sorted(maps.Keys(built)), map[string]bool{}
	for i, name := range job.Frequent(simple) {
		e.simple[name] = i < job.MaxSimple
	}
	for i, day := range e.built {
		built[day] = i
	}
	e.byBuild.days, e.bySubmit.days = e.built, e.days
	byBuild, bySubmit := map[string]map[int]int64{}, map[string]map[int]int64{}
	add := func(days map[string]map[int]int64, day string, leaf int, pings int64) {
		if days[day] == nil {
			days[day] = map[int]int64{}
		}
		days[day][leaf] += pings
	}
	for _, p := range e.readers {
		for _, g := range p.groups.Groups {
			n := group{built: built[g.Built], leaf: e.leaves.ids[g.Leaf], recent: recent(g.Built, p.submitted)}
			p.ids = append(p.ids, n)
			add(byBuild, g.Built, n.leaf, g.Pings)
			if n.recent {
				add(bySubmit, p.submitted, n.leaf, g.Pings)
			}
		}
	}
	a.FirstBuild, a.LastBuild, a.Systems = e.built[0], e.built[len(e.built)-1], slices.Sorted(maps.Keys(systems))
	e.to.write("pings.json", encoded(map[string]any{"build": byBuild, "submission": bySubmit}))
}

// least returns the first of the measures that are at hand, "" at the end.
func (e *edition) least() (name string) {
	for _, p := range e.readers {
		if p.measure != "" && (name == "" || p.measure < name) {
			name = p.measure
		}
	}
	return name
}

const (
	tooManySimple = "one simple measure too many"
	otherBuckets  = "other number of buckets than defined"
	tooLarge      = "sum beyond what a number can be"
)

// measure writes the files of a measure, and moves on.
func (e *edition) measure(name string) error {
	def, reason := lookup(e.defs.Definitions, name)
	if isSimple(name) && !e.simple[name] {
		reason = tooManySimple
	}
	m := measure{Name: name, Kind: def.Kind, Description: def.Description, Buckets: def.ranges}
	e.byBuild.cells, e.bySubmit.cells = e.byBuild.cells[:0], e.bySubmit.cells[:0]
	lastBuilt := -1
	for day, p := range e.readers {
		if p.measure != name {
			continue
		}
		err := p.each(func(g group, pings int64, sums []byte) {
			switch {
			case reason != "":
				e.account.drop(reason, name, pings)
				return
			case bytes.Count(sums, []byte(",")) != len(def.ranges)+summaryLen-1:
				e.account.drop(otherBuckets, name, pings)
				return
			}
			m.Pings += pings
			lastBuilt = max(lastBuilt, g.built)
			e.byBuild.add(g.built, g.leaf, pings, sums)
			if g.recent {
				e.bySubmit.add(day, g.leaf, pings, sums)
			}
		})
		if err != nil {
			return err
		}
	}
	if m.Pings > 0 {
		m.Last = e.built[lastBuilt]
		e.writeMeasure(m, def)
	}
	for _, p := range e.readers {
		if p.measure == name {
			if err := p.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *edition) writeMeasure(m measure, def definition) {
	b, err := e.byBuild.append(e.file[:0])
	if err == nil {
		split := len(b)
		if b, err = e.bySubmit.append(b); err == nil {
			e.file = b
			e.to.write(m.Name+"-by-build-date.json", b[:split])
			e.to.write(m.Name+"-by-submission-date.json", b[split:])
			e.measures = append(e.measures, m)
			e.definitions[m.Name] = def
			return
		}
	}
	e.account.drop(tooLarge, m.Name, m.Pings)
}

// writeTables writes the files that are for the release as a whole.
func (e *edition) writeTables() {
	slices.SortFunc(e.measures, func(a, b measure) int {
		return cmp.Or(cmp.Compare(b.Pings, a.Pings), cmp.Compare(a.Name, b.Name))
	})
	e.to.write("histograms.json", encoded(e.definitions))
	e.to.write("filter-tree.json", e.leaves.tree())
	e.to.write("measures.json", encoded(e.measures))
	e.to.write("leaves.json", e.leaves.table())
	e.to.write(accountFile, encoded(e.account))
}
