// Package publish makes the static files of a dashboard from the sums that package job computes.
//
// The files are those that the dashboards of 2013 to 2015 read, and a few more. versions.json names a folder for each
// release, which has the definitions of its measures, the tree of its filters, and for each measure what its histograms sum
// up to by build date and by submission date. A folder never changes once it has its name, and versions.json is replaced
// as a whole: a reader sees the old site or the new one. DATA.md describes the files.
package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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
// about. A release of which neither has changed keeps its folder, and one that has new days is made of the folder it had. After
// an error, or when it is killed, the old site is whole. The folders of the site before stay for readers that have begun with
// them; older ones are removed. One call at a time: Lock sees to that.
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
	old, err := readVersions(filepath.Join(o.Site, versionsFile))
	if err != nil {
		return nil, err
	}
	all := releases(manifests)
	var changed []*release
	for _, r := range all {
		done, err := o.find(r)
		if err != nil {
			return nil, err
		}
		if !done {
			changed = append(changed, r)
		}
	}
	defer func() {
		for _, r := range changed {
			if r.to != nil {
				r.to.remove()
			}
		}
	}()
	if err := inOrder(changed, func(r *release) error { return o.make(ctx, r, old[r.Release]) }); err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		syncFiles()
	}
	for _, r := range changed {
		if err := r.to.rename(); err != nil {
			return nil, err
		}
	}
	if err := syncDir(o.Site); err != nil {
		return nil, err
	}
	site, versions := newSite(manifests), map[string]string{}
	for _, r := range all {
		versions[r.Release] = r.folder()
		site.addRelease(r.account)
	}
	return site, o.replace(versions, site)
}

// find finds out what a release is made of, and reads its account if it is done: if there is a folder of that.
func (o Options) find(r *release) (done bool, err error) {
	defs, err := o.Definitions.Definitions(r.Release, r.revisions())
	if err != nil {
		return false, err
	}
	r.Compress, r.Definitions, r.load = o.Compress, defs.Sum, defs.Load
	r.account, err = readAccount(filepath.Join(o.Site, r.folder()))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, err
}

// make makes the folder of a release, of which old is the name of the one before.
func (o Options) make(ctx context.Context, r *release, old string) (err error) {
	if r.defs, err = r.load(); err != nil {
		return err
	}
	if r.to, err = newSnapshot(o.Site, r.folder(), o.Compress); err != nil {
		return err
	}
	var b before
	if folderName.MatchString(old) {
		b = readBefore(filepath.Join(o.Site, old), r)
	}
	return r.publish(ctx, o.State, b)
}

// maxAtOnce is how many releases are made at a time: each has a file of every day open.
const maxAtOnce = 4

// inOrder begins with the releases in order, as many at a time as there are processors, and with none after an error. It returns
// the error of the first that has one.
func inOrder(all []*release, do func(*release) error) error {
	errs := make([]error, len(all))
	var begun atomic.Int64
	var failed atomic.Bool
	var group sync.WaitGroup
	for range min(len(all), runtime.GOMAXPROCS(0), maxAtOnce) {
		group.Go(func() {
			for !failed.Load() {
				i := int(begun.Add(1)) - 1
				if i >= len(all) {
					return
				}
				if errs[i] = do(all[i]); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	group.Wait()
	return cmp.Or(errs...)
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
