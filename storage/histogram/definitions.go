package histogram

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

// Definitions is what a file Histograms.json of a browser's source says. It may be used by several goroutines.
type Definitions struct {
	byName map[string]*Definition
	faults map[string]error
}

// DefinitionOptions say how to read definitions. The zero value is for those of 2013 to 2017.
type DefinitionOptions struct {
	// Constants are the values of names such as mozilla::StartupTimeline::MAX_EVENT_ID that stand where a number should.
	// Nil is DefaultConstants; ParseConstants reads others.
	Constants map[string]int64
}

// ErrUndefined says that there is no definition of a name.
var ErrUndefined = errors.New("histogram is not defined")

// ParseDefinitions reads a file Histograms.json. Keys that it does not know mean nothing. What is wrong with one definition
// is an error of Lookup for that name alone; an error of ParseDefinitions, a *filter.DocumentError, is for what is no JSON
// object. Of two definitions of a name, the last counts.
func ParseDefinitions(data []byte, o DefinitionOptions) (*Definitions, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	file := storage.NewRecord(nil, data, storage.Dims{})
	members, ok := file.Get().Object()
	if !ok {
		return nil, documentError(data, 0, "definitions are a JSON object, by name")
	}
	constants := o.Constants
	if constants == nil {
		constants = DefaultConstants()
	}
	ds := &Definitions{byName: map[string]*Definition{}, faults: map[string]error{}}
	room := int64(maxAllBuckets)
	for name, v := range members {
		delete(ds.byName, name)
		delete(ds.faults, name)
		if len(ds.byName)+len(ds.faults) == maxDefinitions {
			return nil, documentError(data, 0, fmt.Sprintf("more than %d definitions", maxDefinitions))
		}
		d, err := parseDefinition(name, v, constants)
		if err == nil {
			if room -= d.Buckets; room < 0 {
				err = fmt.Errorf("the histograms up to here have more than %d buckets", maxAllBuckets)
			}
		}
		if err != nil {
			ds.faults[name] = &DefinitionError{Name: name, Reason: err.Error()}
		} else {
			ds.byName[name] = d
		}
	}
	return ds, nil
}

// Bounds of a file, ten times what any browser has had.
const (
	maxDefinitions = 20_000
	maxAllBuckets  = 1_000_000
)

// Lookup returns the definition for the histogram that a ping has under this name. What was measured while the browser
// started has a name that begins with STARTUP_; unless this is defined itself, the definition is that of the rest. The
// error is ErrUndefined, or a *DefinitionError.
func (ds *Definitions) Lookup(name string) (*Definition, error) {
	d, err := ds.lookup(name)
	if err == ErrUndefined {
		if rest, ok := strings.CutPrefix(name, "STARTUP_"); ok {
			return ds.lookup(rest)
		}
	}
	return d, err
}

func (ds *Definitions) lookup(name string) (*Definition, error) {
	if d, ok := ds.byName[name]; ok {
		return d, nil
	}
	if err, ok := ds.faults[name]; ok {
		return nil, err
	}
	return nil, ErrUndefined
}

// All returns the usable definitions, by name.
func (ds *Definitions) All() iter.Seq[*Definition] {
	return func(yield func(*Definition) bool) {
		for _, name := range slices.Sorted(maps.Keys(ds.byName)) {
			if !yield(ds.byName[name]) {
				return
			}
		}
	}
}

// Faults returns what is wrong with the definitions that cannot be used, by name. Each is a *DefinitionError.
func (ds *Definitions) Faults() iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, name := range slices.Sorted(maps.Keys(ds.faults)) {
			if !yield(ds.faults[name]) {
				return
			}
		}
	}
}
