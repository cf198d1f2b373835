package publish

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// An edition is the content of a release's folder, being made. What is in the edition before is not made again: the files of a
// measure are the old ones with new days.
type edition struct {
	*release
	before   before
	readers  []*partReader
	days     []string // of submission, by index of the reader
	built    []string // days of build
	leaves   *leaves
	simple   map[string]bool // those that are published
	pings    pings
	measures map[string]tally
	written  map[string]bool // measures that have new files

	byBuild  family
	bySubmit family
	cells    []cell    // of a measure
	dense    []byte    // their arrays
	room     [2][]byte // for files
}

// A tally is what measures.json says of a measure besides its definition.
type tally struct {
	Name  string `json:"name"`
	Pings int64  `json:"pings"`
	Last  string `json:"last"` // build day
}

// A measure is what measures.json says of one.
type measure struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	Description string  `json:"description"`
	Buckets     []int64 `json:"buckets"` // lower bounds
	Pings       int64   `json:"pings"`
	Last        string  `json:"last"`
}

// publish writes the files of the release, of which an edition before may be there, and its account.
func (r *release) publish(ctx context.Context, state string, b before) error {
	e := &edition{release: r, before: b, measures: maps.Clone(b.measures), written: map[string]bool{}}
	if e.measures == nil {
		e.measures = map[string]tally{}
	}
	defer func() {
		for _, p := range e.readers {
			p.close()
		}
	}()
	if err := e.open(state); err != nil {
		return err
	}
	e.add()
	if b.dir != "" && (!b.keeps(e.leaves) || len(e.account.Simple) > job.MaxSimple) {
		return r.publish(ctx, state, before{}) // nothing is written yet
	}
	e.group()
	for _, p := range e.readers {
		if err := p.next(); err != nil {
			return err
		}
	}
	for name := e.least(); name != ""; name = e.least() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.measure(name); err != nil {
			return err
		}
	}
	e.keepFiles()
	e.writeTables()
	return e.to.close()
}

// open opens the fresh parts, and those that have pings of the same builds.
func (e *edition) open(state string) error {
	affected := map[string]bool{}
	for i, p := range e.parts {
		if e.before.isFresh(e.Parts[i].Day) {
			for _, day := range p.Built {
				affected[day] = true
			}
		}
	}
	for i, p := range e.parts {
		if !slices.ContainsFunc(p.Built, func(day string) bool { return affected[day] }) {
			continue
		}
		in, err := openPart(state, e.Parts[i].Day, p)
		if err != nil {
			return err
		}
		in.fresh = e.before.isFresh(e.Parts[i].Day)
		e.readers = append(e.readers, in)
		e.days = append(e.days, e.Parts[i].Day)
	}
	return nil
}

// add adds the fresh parts to the account, and to what all pings are.
func (e *edition) add() {
	a := &e.account
	*a = account{
		Release: Release{Name: e.Release, Folder: e.to.name, Pings: e.before.account.Pings, LastSubmission: e.Parts[len(e.Parts)-1].Day},
		Basis:   e.basis, Simple: map[string]int64{}, Dropped: []Dropped{},
	}
	maps.Copy(a.Simple, e.before.account.Simple)
	for _, d := range e.before.account.Dropped {
		a.Dropped = addDropped(a.Dropped, d)
	}
	set := map[string]bool{}
	for leaf := range e.before.leaves {
		set[leaf] = true
	}
	for _, p := range e.readers {
		if !p.fresh {
			continue
		}
		for _, g := range p.groups.Groups {
			set[g.Leaf] = true
			a.Pings += g.Pings
		}
		for name, n := range p.groups.Simple {
			a.Simple[name] += n
		}
		a.leftOut(tooManySimple, p.groups.Left)
	}
	e.leaves = newLeaves(set)
}

// group numbers the groups of all parts, and adds the pings of the fresh ones.
func (e *edition) group() {
	e.pings = pings{map[string]map[int]int64{}, map[string]map[int]int64{}}
	add := func(days map[string]map[int]int64, day string, leaf int, n int64) {
		if days[day] == nil {
			days[day] = map[int]int64{}
		}
		days[day][leaf] += n
	}
	for day, leaves := range e.before.pings.Build {
		e.pings.Build[day] = maps.Clone(leaves)
	}
	for day, leaves := range e.before.pings.Submission {
		e.pings.Submission[day] = maps.Clone(leaves)
	}
	affected := map[string]bool{}
	for _, p := range e.readers {
		for _, g := range p.groups.Groups {
			if !p.fresh {
				continue
			}
			affected[g.Built] = true
			add(e.pings.Build, g.Built, e.leaves.ids[g.Leaf], g.Pings)
			if recent(g.Built, p.submitted) {
				add(e.pings.Submission, p.submitted, e.leaves.ids[g.Leaf], g.Pings)
			}
		}
	}
	e.built = slices.Sorted(maps.Keys(e.pings.Build))
	e.byBuild.days, e.bySubmit.days = e.built, e.days
	e.number(affected)
	e.simple = map[string]bool{}
	for i, name := range job.Frequent(e.account.Simple) {
		e.simple[name] = i < job.MaxSimple
	}
}

// number numbers the groups: the edition before has all that its files say of days without fresh pings.
func (e *edition) number(affected map[string]bool) {
	var builds, submits []place
	for day, p := range e.readers {
		for _, g := range p.groups.Groups {
			built, _ := slices.BinarySearch(e.built, g.Built)
			build, submit := nowhere, nowhere
			if affected[g.Built] {
				build = placeOf(built, e.leaves.ids[g.Leaf])
			}
			if p.fresh && recent(g.Built, p.submitted) {
				submit = placeOf(day, e.leaves.ids[g.Leaf])
			}
			builds, submits = append(builds, build), append(submits, submit)
			p.ids = append(p.ids, group{built: built})
		}
	}
	byBuild, bySubmit := e.byBuild.number(builds), e.bySubmit.number(submits)
	for _, p := range e.readers {
		for i := range p.ids {
			p.ids[i].byBuild, p.ids[i].bySubmit = byBuild[i], bySubmit[i]
		}
		byBuild, bySubmit = byBuild[len(p.ids):], bySubmit[len(p.ids):]
	}
}

// least returns the first of the measures that are at hand, "" at the end.
func (e *edition) least() string {
	var least []byte
	for _, p := range e.readers {
		if len(p.measure) > 0 && (least == nil || bytes.Compare(p.measure, least) < 0) {
			least = p.measure
		}
	}
	return string(least)
}

const (
	tooManySimple = "one simple measure too many"
	otherBuckets  = "other number of buckets than defined"
	tooLarge      = "sum beyond what a number can be"
)

// measure writes the files of a measure if a fresh part has it, and moves on.
func (e *edition) measure(name string) error {
	def, reason := lookup(e.defs, name)
	if isSimple(name) && !e.simple[name] {
		reason = tooManySimple
	}
	e.byBuild.clear()
	e.bySubmit.clear()
	e.cells, e.dense = e.cells[:0], e.dense[:0]
	elements := len(def.ranges) + summaryLen
	var pings int64               // of fresh parts
	dropped := map[string]int64{} // pings of them, by reason
	last := -1
	for _, p := range e.readers {
		if string(p.measure) != name {
			continue
		}
		err := p.each(func(g group, n int64, text []byte) {
			if g.byBuild < 0 {
				return
			}
			why, dense := reason, e.dense
			if why == "" {
				var have int
				if dense, have = appendDense(dense, text, elements); have != elements {
					why = otherBuckets
				}
			}
			if why != "" {
				if p.fresh {
					dropped[why] += n
				}
				return
			}
			e.byBuild.add(g.byBuild, len(e.cells))
			if g.bySubmit >= 0 {
				e.bySubmit.add(g.bySubmit, len(e.cells))
			}
			e.cells = append(e.cells, cell{n, text, dense[len(e.dense):]})
			e.dense = dense
			if p.fresh {
				pings += n
				last = max(last, g.built)
			}
		})
		if err != nil {
			return err
		}
	}
	for why, n := range dropped {
		e.account.drop(why, name, n)
	}
	if pings > 0 {
		m := e.before.measures[name]
		m = tally{name, m.Pings + pings, max(m.Last, e.built[last])}
		if err := e.writeMeasure(m, elements); err != nil {
			return err
		}
	}
	for _, p := range e.readers {
		if string(p.measure) == name {
			if err := p.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *edition) writeMeasure(m tally, elements int) error {
	for i, f := range []struct {
		file string
		*family
	}{{m.Name + byBuildDate, &e.byBuild}, {m.Name + bySubmissionDate, &e.bySubmit}} {
		old, err := e.before.family(f.file)
		if err != nil {
			return err
		}
		if e.room[i], err = f.append(e.room[i][:0], old, e.cells, elements); err != nil {
			e.account.drop(tooLarge, m.Name, m.Pings)
			delete(e.measures, m.Name)
			return nil
		}
	}
	e.to.write(m.Name+byBuildDate, e.room[0])
	e.to.write(m.Name+bySubmissionDate, e.room[1])
	e.measures[m.Name] = m
	e.written[m.Name] = true
	return nil
}

const (
	byBuildDate      = "-by-build-date.json"
	bySubmissionDate = "-by-submission-date.json"
)

// keepFiles takes over the files of measures of which no fresh part has any.
func (e *edition) keepFiles() {
	for name := range e.before.measures {
		if !e.written[name] {
			e.to.keep(e.before.dir, name+byBuildDate)
			e.to.keep(e.before.dir, name+bySubmissionDate)
		}
	}
}

// writeTables writes the files that are for the release as a whole.
func (e *edition) writeTables() {
	list, definitions, systems := []measure{}, map[string]definition{}, map[string]bool{}
	for name, m := range e.measures {
		def, _ := lookup(e.defs, name)
		definitions[name] = def
		list = append(list, measure{name, def.Kind, def.Description, def.ranges, m.Pings, m.Last})
	}
	slices.SortFunc(list, func(a, b measure) int {
		return cmp.Or(cmp.Compare(b.Pings, a.Pings), cmp.Compare(a.Name, b.Name))
	})
	for _, leaf := range e.leaves.names {
		systems[strings.Split(leaf, "/")[2]] = true
	}
	a := &e.account
	a.Measures = len(list)
	a.FirstBuild, a.LastBuild, a.Systems = e.built[0], e.built[len(e.built)-1], slices.Sorted(maps.Keys(systems))
	slices.SortFunc(a.Dropped, func(a, b Dropped) int { return strings.Compare(a.Reason, b.Reason) })
	e.to.write("histograms.json", encoded(definitions))
	e.to.write("filter-tree.json", e.leaves.tree())
	e.to.write("measures.json", encoded(list))
	e.to.write("leaves.json", e.leaves.table())
	e.to.write("pings.json", encoded(e.pings))
	e.to.write(accountFile, encoded(a))
}
