package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
)

// The state is a directory with two files for each day of submission: DAY.tsv.zst is the delta, the output of the job, and
// DAY.json its manifest.
const (
	deltaSuffix    = ".tsv.zst"
	manifestSuffix = ".json"
)

// A Manifest is the account of the run that made a delta.
type Manifest struct {
	Day     string           `json:"day"`
	Delta   string           `json:"delta"` // SHA-256 of the file
	Files   int64            `json:"files"`
	Records int64            `json:"records"`
	Mapped  int64            `json:"mapped"`
	Bad     int64            `json:"bad"`
	Skipped map[string]int64 `json:"skipped"`
	Refused map[string]int64 `json:"refused"`
}

// DeltaName returns the name of a day's delta in the state.
func DeltaName(state, day string) string { return filepath.Join(state, day+deltaSuffix) }

// WriteManifest writes down how the delta of a day came about. Until then, Publish refuses it.
func WriteManifest(state, day string, stats mapreduce.Stats) error {
	sum, err := fileSum(DeltaName(state, day))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(state, day+manifestSuffix), encoded(Manifest{
		Day: day, Delta: sum, Files: stats.Files, Records: stats.Lines, Mapped: stats.Mapped, Bad: stats.Bad,
		Skipped: stats.SkippedBy, Refused: stats.Counts,
	}), false)
}

// readState returns the manifests of all deltas, by day.
func readState(state string) ([]Manifest, error) {
	entries, err := os.ReadDir(state)
	if err != nil {
		return nil, err
	}
	var all []Manifest
	for _, e := range entries {
		day, ok := strings.CutSuffix(e.Name(), deltaSuffix)
		if !ok || !isDay(day) {
			continue
		}
		m, err := readManifest(state, day)
		if err != nil {
			return nil, fmt.Errorf("%w: run update for %s again", err, day)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Manifest) int { return strings.Compare(a.Day, b.Day) })
	return all, nil
}

func readManifest(state, day string) (m Manifest, err error) {
	name := filepath.Join(state, day+manifestSuffix)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%s has no manifest", DeltaName(state, day))
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	sum, err := fileSum(DeltaName(state, day))
	if err != nil {
		return m, err
	}
	if m.Day != day || m.Delta != sum {
		return m, fmt.Errorf("%s is not the delta of its manifest", DeltaName(state, day))
	}
	return m, nil
}

func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
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
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
