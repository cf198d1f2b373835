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
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Options say what to publish. All but Compress are required.
type Options struct {
	State       string // directory of the days that are done
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

// Publish makes the site of all days. The same days and definitions give the same bytes, in whatever order the days came
// about. A release of which neither has changed keeps its folder, and one that has new days is made of the folder it had. After an error, or when it is killed, the
// old site is whole. The folders of the site before stay for readers that have begun with them; older ones are removed. One
// call at a time: Lock sees to that.
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
	site := newSite(manifests)
	versions := map[string]string{}
	old, err := readVersions(filepath.Join(o.Site, versionsFile))
	if err != nil {
		return nil, err
	}
	var made []*snapshot
	defer func() {
		for _, s := range made {
			s.remove()
		}
	}()
	for _, r := range releases(manifests) {
		defs, err := o.Definitions.Definitions(r.Release, r.revisions())
		if err != nil {
			return nil, err
		}
		r.Compress, r.Definitions = o.Compress, defs.Sum
		folder := r.folder()
		a, err := readAccount(filepath.Join(o.Site, folder))
		if errors.Is(err, fs.ErrNotExist) {
			if r.defs, err = defs.Load(); err != nil {
				return nil, err
			}
			var s *snapshot
			if s, err = newSnapshot(o.Site, folder, o.Compress); err != nil {
				return nil, err
			}
			made = append(made, s)
			var b before
			if name := old[r.Release]; folderName.MatchString(name) {
				b = readBefore(filepath.Join(o.Site, name), r)
			}
			a, err = r.publish(ctx, o.State, b, s)
		}
		if err != nil {
			return nil, err
		}
		versions[r.Release] = folder
		site.addRelease(a)
	}
	if len(made) > 0 {
		syncFiles()
	}
	for _, s := range made {
		if err := s.rename(); err != nil {
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
