package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

// Revisions is a source: the directory of a revision.Cache, with the definitions of each revision of a browser's source. A
// measure has the definition of the newest build of a release that has any; only the last few are looked at. Revisions
// come from pings, and those that the directory lacks say nothing. The file of a revision never changes.
type Revisions struct {
	dir   string
	cache *revision.Cache
	rest  Source
}

// maxRevisions is how many revisions of a release are looked at.
const maxRevisions = 8

// OpenRevisions opens a directory. rest, if it is not nil, has the definitions of measures that the revisions of a release lack.
// The caller closes what it gets.
func OpenRevisions(dir string, rest Source) (*Revisions, error) {
	cache, err := revision.Open(revision.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	return &Revisions{dir, cache, rest}, nil
}

// Close lets go of the directory.
func (r *Revisions) Close() error { return r.cache.Close() }

// Definitions returns those of the newest revisions.
func (r *Revisions) Definitions(release string, revisions []string) (Definitions, error) {
	hash := sha256.New()
	var found []string
	for _, url := range revisions {
		id, err := revision.ParseID(url)
		if err != nil {
			continue
		}
		_, err = os.Stat(filepath.Join(r.dir, filepath.FromSlash(id.File())))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Definitions{}, err
		}
		if found = append(found, url); len(found) == maxRevisions {
			break
		}
	}
	fmt.Fprintln(hash, strings.Join(found, "\n")) // never fails
	var rest Definitions
	if r.rest != nil {
		var err error
		if rest, err = r.rest.Definitions(release, nil); err != nil {
			return Definitions{}, err
		}
		fmt.Fprintln(hash, rest.Sum)
	}
	return Definitions{hex.EncodeToString(hash.Sum(nil)), func() ([]*histogram.Definitions, error) {
		var all []*histogram.Definitions
		for _, url := range found {
			defs, err := r.cache.Definitions(context.Background(), url) // asks nobody
			if err != nil {
				return nil, fmt.Errorf("definitions of %s: %w", release, err)
			}
			all = append(all, defs)
		}
		if rest.Load == nil {
			return all, nil
		}
		more, err := rest.Load()
		return append(all, more...), err
	}}, nil
}
