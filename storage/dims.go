package storage

import (
	"fmt"
	"iter"
	"strings"
)

// Dims are the dimensions of a file and of each record in it: a name and a value each, in the order of the schema. The
// values are as they are spelled in the path (saved_session, not saved-session). Dims never change.
type Dims struct {
	names, values []string
}

// NewDims returns Dims of these names and values, which must be equally many. They are kept, not copied.
func NewDims(names, values []string) Dims {
	if len(names) != len(values) {
		panic(fmt.Sprintf("storage: %d names and %d values of dimensions", len(names), len(values)))
	}
	return Dims{names, values}
}

// Get returns the value of the dimension with this name. It panics if there is none: a misspelled name must not pass
// for an empty value.
func (d Dims) Get(name string) string {
	for i, n := range d.names {
		if n == name {
			return d.values[i]
		}
	}
	panic(fmt.Sprintf("storage: unknown dimension %q; known are %s", name, strings.Join(d.names, ", ")))
}

// All returns names and values in order.
func (d Dims) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i, n := range d.names {
			if !yield(n, d.values[i]) {
				return
			}
		}
	}
}

// String returns the values joined by slashes.
func (d Dims) String() string { return strings.Join(d.values, "/") }
