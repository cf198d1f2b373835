package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// A Source has the definitions of measures.
type Source interface {
	// Definitions returns those of a release, of which pings name these revisions: URLs, newest first.
	Definitions(release string, revisions []string) (Definitions, error)
}

// Definitions are those of a release.
type Definitions struct {
	Sum string // equal ones have the same

	// Load returns them: those of a measure are the first that it has. It is called while others are.
	Load func() ([]*histogram.Definitions, error)
}

// Files returns a source for name: a file Histograms.json for all releases, or a directory with one for each, nightly-27.json
// for nightly/27, and default.json for the others. For a release that has none it returns an error.
func Files(name string) Source { return &files{name, map[string]Definitions{}} }

type files struct {
	name string
	read map[string]Definitions
}

func (f *files) Definitions(release string, _ []string) (Definitions, error) {
	file := f.name
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(f.name, strings.ReplaceAll(release, "/", "-")+".json")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			file = filepath.Join(f.name, "default.json")
		}
	}
	if defs, ok := f.read[file]; ok {
		return defs, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Definitions{}, fmt.Errorf("definitions of %s: %w", release, err)
	}
	sum := sha256.Sum256(data)
	f.read[file] = Definitions{hex.EncodeToString(sum[:]), sync.OnceValues(func() ([]*histogram.Definitions, error) {
		defs, err := histogram.ParseDefinitions(data, histogram.DefinitionOptions{})
		if err != nil {
			return nil, fmt.Errorf("%s:%w", file, err)
		}
		return []*histogram.Definitions{defs}, nil
	})}
	return f.read[file], nil
}

// A definition is that of a measure as histograms.json has it: all numbers are numbers.
type definition struct {
	Kind        string `json:"kind"`
	Description string `json:"description"`
	Low         int64  `json:"low,omitempty"`
	High        int64  `json:"high,omitempty"`
	Buckets     int64  `json:"n_buckets,omitempty"`
	Values      int64  `json:"n_values,omitempty"`

	ranges []int64
}

// lookup returns the definition of a measure, that of the first that has one, or why it is not published.
func lookup(all []*histogram.Definitions, measure string) (d definition, reason string) {
	if name, ok := strings.CutPrefix(measure, job.SimplePrefix); ok {
		simple := &job.Simple
		return definition{
			Kind: simple.Kind, Description: "Simple measure " + name,
			Low: simple.Low, High: simple.High, Buckets: simple.Buckets, ranges: simple.Ranges(),
		}, ""
	}
	var def *histogram.Definition
	err := histogram.ErrUndefined
	for i := 0; i < len(all) && errors.Is(err, histogram.ErrUndefined); i++ {
		def, err = all[i].Lookup(measure)
	}
	switch {
	case errors.Is(err, histogram.ErrUndefined):
		return d, "no definition"
	case err != nil:
		return d, "definition that cannot be used"
	case def.Keyed:
		return d, "keyed histogram"
	}
	d = definition{Kind: def.Kind, Description: def.Description, ranges: def.Ranges()}
	switch def.Kind {
	case "linear", "exponential":
		d.Low, d.High, d.Buckets = max(def.Low, 1), def.High, def.Buckets
	case "enumerated":
		d.Values = def.Buckets - 1
	case "boolean", "flag":
	default:
		return d, "kind " + def.Kind
	}
	return d, ""
}
