package publish

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// before is an edition of a release that has been published, and to which some days are to be added. The zero before has
// nothing.
type before struct {
	dir      string
	account  account
	fresh    map[string]bool // days that it lacks, all if nil
	leaves   map[string]int  // ids
	pings    pings
	measures map[string]tally
	room     []byte // for a file
}

// pings is pings.json: by day and id of the leaf.
type pings struct {
	Build      map[string]map[int]int64 `json:"build"`
	Submission map[string]map[int]int64 `json:"submission"`
}

// readBefore reads an edition to which a release may be added. It returns the zero before if there is none: all files are made
// anew then.
func readBefore(folder string, r *release) before {
	b := before{dir: folder, leaves: map[string]int{}, measures: map[string]tally{}}
	var err error
	if b.account, err = readAccount(folder); err != nil {
		return before{}
	}
	var ok bool
	if b.fresh, ok = r.grown(&b.account.Basis); !ok || len(b.account.Simple) > job.MaxSimple {
		return before{} // of many names, others are published when there are more days
	}
	for _, d := range b.account.Dropped {
		if d.Reason == tooLarge {
			return before{} // a measure that is left out as a whole
		}
	}
	var leaves struct {
		Leaves [][]any `json:"leaves"`
	}
	var measures []tally
	if !b.read("leaves.json", &leaves) || !b.read("pings.json", &b.pings) || !b.read("measures.json", &measures) {
		return before{}
	}
	for _, row := range leaves.Leaves {
		var path []string
		for _, cell := range row[1:] {
			path = append(path, fmt.Sprint(cell))
		}
		id, _ := row[0].(float64)
		b.leaves[strings.Join(path, "/")] = int(id)
	}
	for _, m := range measures {
		b.measures[m.Name] = m
	}
	return b
}

func (b *before) read(name string, to any) bool {
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	return err == nil && json.Unmarshal(data, to) == nil
}

// isFresh reports whether a day is to be added.
func (b *before) isFresh(day string) bool { return b.fresh == nil || b.fresh[day] }

// keeps reports whether the ids of leaves are what they were.
func (b *before) keeps(l *leaves) bool {
	for leaf, id := range b.leaves {
		if l.ids[leaf] != id {
			return false
		}
	}
	return true
}

// family returns the text of a file of a measure. It is valid until the next.
func (b *before) family(file string) ([]byte, error) {
	if b.dir == "" {
		return noSections, nil
	}
	name := within(b.dir, file)
	text, err := readFile(b.room, name)
	if errors.Is(err, fs.ErrNotExist) {
		return noSections, nil
	}
	if err != nil {
		return nil, err
	}
	b.room = text
	if !isFamily(text) {
		return nil, fmt.Errorf("%s: not a file of this program: remove the folder", name)
	}
	return text, nil
}
