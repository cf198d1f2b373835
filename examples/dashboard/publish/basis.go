package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// A basis is all that the files of a release are made of. An equal basis gives the same bytes.
type basis struct {
	Version     int         `json:"version"` // of this program
	Release     string      `json:"release"`
	Compress    bool        `json:"compress"`
	Definitions string      `json:"definitions"` // SHA-256
	Parts       []basisPart `json:"parts"`       // by day
}

type basisPart struct {
	Day string `json:"day"`
	Sum string `json:"sum"`
}

// version is another when the same parts and definitions give other files than before.
const version = 3

// folder is the name of the folder for a basis.
func (b *basis) folder() string {
	sum := sha256.Sum256(encoded(b))
	return partStem(b.Parts[len(b.Parts)-1].Day, b.Release) + "-" + hex.EncodeToString(sum[:])[:16]
}

// grown reports whether b is old and some days more, which have true in fresh.
func (b *basis) grown(old *basis) (fresh map[string]bool, ok bool) {
	if old.Version != b.Version || old.Release != b.Release || old.Compress != b.Compress || old.Definitions != b.Definitions {
		return nil, false
	}
	sums := map[string]string{}
	for _, p := range old.Parts {
		sums[p.Day] = p.Sum
	}
	fresh = map[string]bool{}
	for _, p := range b.Parts {
		if sum, ok := sums[p.Day]; !ok {
			fresh[p.Day] = true
		} else if sum != p.Sum {
			return nil, false
		}
	}
	return fresh, len(fresh)+len(old.Parts) == len(b.Parts)
}

// A release is one that is to be published.
type release struct {
	basis
	parts   []Part // as in the basis
	load    func() ([]*histogram.Definitions, error)
	defs    []*histogram.Definitions
	to      *snapshot // nil if the folder is there already
	account account   // of what is in the folder
}

// revisions returns those that the pings of the release name, newest first.
func (r *release) revisions() []string {
	var all []string
	for _, p := range r.parts {
		all = append(all, p.Revisions...)
	}
	slices.Sort(all)
	slices.Reverse(all)
	var urls []string
	for _, text := range all {
		if _, url, _ := strings.Cut(text, " "); !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	return urls
}

// releases returns those of some days, by name.
func releases(days []Manifest) []*release {
	all := map[string]*release{}
	for _, m := range days {
		for _, p := range m.Parts {
			r := all[p.Release]
			if r == nil {
				r = &release{basis: basis{Version: version, Release: p.Release}}
				all[p.Release] = r
			}
			r.parts = append(r.parts, p)
			r.Parts = append(r.Parts, basisPart{m.Day, p.Sum})
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *release) int { return strings.Compare(a.Release, b.Release) })
}
