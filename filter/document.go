package filter

import "fmt"

// A Document is what a JSON document of this grammar says, in its order. Filters and the schema of a store are written
// in the same grammar:
//
//	{"version": 1, "dimensions": [{"field_name": NAME, "allowed_values": VALUES, "type": TYPE}, ...], "layout": TEMPLATE}
//
// VALUES is one of
//
//	"*"                      everything
//	"a"                      this value
//	{"min": "a", "max": "b"} from one to the other, both included; either may be missing
//	["a", {"min": "b"}, ...] any of these values and ranges; [] is nothing
//	{"not": VALUES}          anything else
//	{"all": [VALUES, ...]}   what all of these hold
//
// The last two, and ranges in a list, are not of 2013; "not" holds no "*", "not" or "all", and "all" no "all". TYPE is one
// of string, number, version, date and may be missing, as may the version and the layout. Any other key is an error, and so
// are a key or a dimension that comes twice.
type Document struct {
	Version    int
	Dimensions []Dimension
	Layout     string // empty if not given; see storage.Schema
}

// A Dimension is one dimension of a Document.
type Dimension struct {
	Name    string
	Allowed Set
	Type    string // empty if not given
}

// A DocumentError says what is wrong with a JSON document, and where.
type DocumentError struct {
	Line, Column int // from 1; the column counts bytes
	Msg          string
	Hint         string // what may cure it; may be empty
}

func (e *DocumentError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg)
}

// Parse reads a filter written as a JSON document, see Document. If o has dimensions, their types count. A "type" in the
// document is passed over then, as is a "layout", so that any schema can serve as a filter. An error is of type *DocumentError.
func (o Options) Parse(data []byte) (Filter, error) {
	doc, err := parseDocument(data, &o)
	if err != nil {
		return nil, err
	}
	f := make(Filter, len(doc.Dimensions))
	for _, d := range doc.Dimensions {
		f[d.Name] = d.Allowed
	}
	return f, nil
}

// UnmarshalJSON is Parse with zero Options: types are those in the document.
func (f *Filter) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*f = parsed
	}
	return err
}

// ParseDocument reads a JSON document, a schema for one. An error is of type *DocumentError.
func ParseDocument(data []byte) (*Document, error) {
	return parseDocument(data, &Options{})
}

func parseDocument(data []byte, o *Options) (*Document, error) {
	p, err := newParser(data)
	if err != nil {
		return nil, err
	}
	p.options = o
	return p.document()
}
