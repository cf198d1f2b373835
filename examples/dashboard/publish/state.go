package publish

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

// The state is a directory. DAY.json is the manifest of a day of submission, which names the day's parts: a file for each
// release, DAY-MAJOR-CHANNEL-HASH.tsv, the rows of the job without day and release. Parts have their hash in their name
// and never change; the day is another once its manifest is. They are not compressed: that would take a tenth of the time of an
// update, and publishing has to read them.
const (
	manifestSuffix = ".json"
	newManifest    = ".new" + manifestSuffix // until all parts are on the disk
)

var partName = regexp.MustCompile(`^(\d{8})-\d+-\w+(-[0-9a-f]{16}|\.new)\.tsv$`)

// A Manifest says what a day is made of.
type Manifest struct {
	Day     string           `json:"day"`
	Records int64            `json:"records"`
	Pings   int64            `json:"pings"`
	Bad     int64            `json:"bad"`
	Skipped map[string]int64 `json:"skipped"` // records, by reason
	Refused map[string]int64 `json:"refused"` // histograms and simple measures, by reason
	Parts   []Part           `json:"parts"`   // by release
}

// A Part is the file of a release.
type Part struct {
	Release string   `json:"release"`
	File    string   `json:"file"`
	Sum     string   `json:"sum"`   // SHA-256 of the rows
	Built   []string `json:"built"` // days of build

	Revisions []string `json:"revisions,omitempty"` // as in job.Groups
}

// readState returns the manifests of all days, in order.
func readState(state string) ([]Manifest, error) {
	entries, err := os.ReadDir(state)
	if err != nil {
		return nil, err
	}
	var all []Manifest
	for _, e := range entries { // by name, so by day
		day, ok := strings.CutSuffix(e.Name(), manifestSuffix)
		if !ok || !IsDay(day) {
			continue
		}
		m, err := readManifest(state, day)
		if err != nil {
			return nil, fmt.Errorf("%w: run update for %s again", err, day)
		}
		all = append(all, m)
	}
	return all, nil
}

func readManifest(state, day string) (m Manifest, err error) {
	name := filepath.Join(state, day+manifestSuffix)
	data, err := os.ReadFile(name)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	ok := m.Day == day && m.Parts != nil && slices.IsSortedFunc(m.Parts, func(a, b Part) int { return strings.Compare(a.Release, b.Release) })
	for _, p := range m.Parts {
		ok = ok && len(p.Built) > 0 && partName.MatchString(p.File) && p.File == p.name(day)
	}
	if !ok {
		return m, fmt.Errorf("%s is not the manifest of a day", name)
	}
	return m, nil
}

// name is the name of the part's file.
func (p Part) name(day string) string {
	return partStem(day, p.Release) + "-" + p.Sum[:min(16, len(p.Sum))] + partSuffix
}

const partSuffix = ".tsv"

func partStem(day, release string) string {
	channel, major, _ := strings.Cut(release, "/")
	return day + "-" + major + "-" + channel
}

// removeParts removes what is left of earlier updates of the days of some manifests.
func removeParts(state string, manifests map[string]*Manifest) error {
	entries, err := os.ReadDir(state)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if base, ok := strings.CutSuffix(name, ".tmp"); ok && base[0] == '.' { // of a writer that was killed
			base, _, _ = strings.Cut(base[1:], partSuffix)
			name = base + partSuffix
		}
		match := partName.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		m := manifests[match[1]]
		if m == nil || slices.ContainsFunc(m.Parts, func(p Part) bool { return p.File == e.Name() }) {
			continue
		}
		if err := os.Remove(filepath.Join(state, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// readVersions returns what versions.json, or a file like it, says; nothing if it is not there.
func readVersions(name string) (map[string]string, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v map[string]string
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	return errors.Join(storage.SyncDir(root, "."), root.Close())
}
