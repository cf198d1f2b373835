package filter

import "fmt"

// A Document is what a JSON document of this grammar says, in its order. Filters and the schema of a store are written
// in the same grammar:
//
//	{"version": 1, "dimensions": [{"field_name": NAME, "allowed_values": VALUES, "type": TYPE}, ...], "layout": TEMPLATE}
//
// VALUES is "*" (everything), a list of strings, one string, or an object with "min", "max" or both. TYPE is one of
// string, number, version, date and may be missing, as may the version and the layout. Any other key is an error, and so are a key or
// a dimension that comes twice.
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
}

func (e *DocumentError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg)
}

// Parse reads a filter written as a JSON document, see Document. A "type" and a "layout" are accepted, so that a
// schema can serve as a filter, and have no effect. An error is of type *DocumentError.
func Parse(data []byte) (Filter, error) {
	doc, err := ParseDocument(data)
	if err != nil {
		return nil, err
	}
	f := make(Filter, len(doc.Dimensions))
	for _, d := range doc.Dimensions {
		f[d.Name] = d.Allowed
	}
	return f, nil
}

// ParseDocument reads a JSON document. An error is of type *DocumentError.
func ParseDocument(data []byte) (*Document, error) {
	p, err := newParser(data)
	if err != nil {
		return nil, err
	}
	return p.document()
}
