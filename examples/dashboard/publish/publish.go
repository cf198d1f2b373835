// Package publish makes the static files of a dashboard from the sums that package job computes.
//
// The files are those that the dashboards of 2013 to 2015 read, and a few more. versions.json names a folder for each
// release, which has the definitions of its measures, the tree of its filters, and for each measure what its histograms sum
// up to by build date and by submission date. A folder never changes once it has its name, and versions.json is replaced
// as a whole: a reader sees the old site or the new one. DATA.md describes the files.
package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Options say what to publish. All but Compress are required.
type Options struct {
	State       string // directory of deltas
	Site        string // directory of the files; it is made if it is not there
	Definitions Source
	Compress    bool // each file also with .gz behind its name, for servers that send it so
}

// ErrNoDeltas says that the state has no deltas, so that there is nothing to publish.
var ErrNoDeltas = errors.New("there are no deltas")

const (
	versionsFile = "versions.json"
	previousFile = ".previous.json" // the versions.json before this one
	siteFile     = "site.json"
)

// Publish makes the site of all deltas. The same deltas and definitions give the same bytes, in whatever order the deltas came
// about. After an error, or when it is killed, the old site is whole. The folders of the site before stay for readers that
// have begun with them; older ones are removed. One call at a time: Lock sees to that.
func Publish(ctx context.Context, o Options) (*Site, error) {
	manifests, err := readState(o.State)
	if err != nil {
		return nil, err
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("%s: %w", o.State, ErrNoDeltas)
	}
	if err := os.MkdirAll(o.Site, 0o755); err != nil {
		return nil, err
	}
	site := &Site{Skipped: map[string]int64{}, Refused: map[string]int64{}, Dropped: []Dropped{}}
	var names, days []string
	for _, m := range manifests {
		site.addDay(m)
		names, days = append(names, m.Day+deltaSuffix), append(days, m.Day)
	}
	site.MissingDays = missing(days)
	in, err := openDeltas(o.State, names)
	if err != nil {
		return nil, err
	}
	defer in.close()
	folders := map[string]*snapshot{}
	defer func() {
		for _, f := range folders {
			f.remove()
		}
	}()
	versions := map[string]string{}
	for in.row() != nil {
		r := &release{name: in.row().release, site: site, definitions: map[string]definition{}, recents: recents{}}
		if r.defs, err = o.Definitions(r.name); err != nil {
			return nil, err
		}
		if r.folder, err = newSnapshot(o.Site, o.Compress); err != nil {
			return nil, err
		}
		folders[r.name] = r.folder
		if versions[r.name], err = r.publish(ctx, in); err != nil {
			return nil, err
		}
		site.Pings += r.pings
		site.Releases = append(site.Releases, r.account(versions[r.name]))
	}
	syncFiles()
	for name, folder := range folders {
		if err := folder.rename(versions[name]); err != nil {
			return nil, err
		}
	}
	if err := syncDir(o.Site); err != nil {
		return nil, err
	}
	return site, o.replace(versions, site)
}

// replace makes readers see the new folders.
func (o Options) replace(versions map[string]string, site *Site) error {
	name := filepath.Join(o.Site, versionsFile)
	old, err := readVersions(name)
	if err != nil {
		return err
	}
	previous := filepath.Join(o.Site, previousFile)
	if old != nil && !maps.Equal(old, versions) {
		if err := writeFile(previous, encoded(old), false); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(o.Site, siteFile), encoded(site), o.Compress); err != nil {
		return err
	}
	if err := writeFile(name, encoded(versions), o.Compress); err != nil {
		return err
	}
	before, err := readVersions(previous)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, folder := range slices.Concat(slices.Collect(maps.Values(versions)), slices.Collect(maps.Values(before))) {
		keep[folder] = true
	}
	return removeFolders(o.Site, keep)
}
