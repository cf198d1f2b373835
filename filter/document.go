package filter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

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

func (p *parser) document() (*Document, error) {
	doc := &Document{Version: 1}
	hasDimensions := false
	err := p.object("the document", []string{"version", "dimensions", "layout"}, func(key string) (err error) {
		switch key {
		case "layout":
			if doc.Layout, err = p.str("layout"); err == nil && doc.Layout == "" {
				return p.errorf(`"layout" is empty`)
			}
			return err
		case "version":
			token, err := p.next()
			if err != nil {
				return err
			}
			if token != json.Number("1") {
				return p.errorf("this version is not known; the one known is 1")
			}
			return nil
		}
		hasDimensions = true
		return p.dimensions(doc)
	})
	if err != nil {
		return nil, err
	}
	if !hasDimensions {
		return nil, p.errorf(`the document has no "dimensions"`)
	}
	return doc, nil
}

func (p *parser) dimensions(doc *Document) error {
	token, err := p.next()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return p.errorf(`"dimensions" is not a list`)
	}
	for p.dec.More() {
		d, err := p.dimension(doc.Dimensions)
		if err != nil {
			return err
		}
		doc.Dimensions = append(doc.Dimensions, d)
	}
	_, err = p.next()
	return err
}

// dimension reads a dimension. Its values come last, whatever the order of the keys, for they depend on the type.
func (p *parser) dimension(before []Dimension) (Dimension, error) {
	at := map[string]int{}
	err := p.object("a dimension", []string{"field_name", "allowed_values", "type"}, func(key string) (err error) {
		at[key], err = p.skip()
		return err
	})
	if err != nil {
		return Dimension{}, err
	}
	offset, ok := at["field_name"]
	if !ok {
		return Dimension{}, p.errorf(`the dimension has no "field_name"`)
	}
	d, err := p.value(offset).known(before)
	if err != nil {
		return Dimension{}, err
	}
	if offset, ok := at["type"]; ok {
		if d.Type, err = p.value(offset).typeOf(d); err != nil {
			return Dimension{}, err
		}
	}
	if offset, ok = at["allowed_values"]; !ok {
		return Dimension{}, p.errorf(`dimension %q has no "allowed_values"; write "*" for everything`, d.Name)
	}
	values := valuesParser{parser: *p.value(offset), dim: d}
	d.Allowed, err = values.set(keysOutside)
	return d, err
}

// known reads the name of a dimension and returns what the options know of it.
func (p *parser) known(before []Dimension) (Dimension, error) {
	name, err := p.str("field_name")
	switch {
	case err != nil:
		return Dimension{}, err
	case name == "":
		return Dimension{}, p.errorf(`"field_name" is empty`)
	case slices.ContainsFunc(before, func(o Dimension) bool { return o.Name == name }):
		return Dimension{}, p.errorf("dimension %q comes twice", name)
	}
	d, is := p.options.dimension(name)
	if is != nil {
		return Dimension{}, p.problem(p.at, is)
	}
	return d, nil
}

// typeOf reads a type and returns that of d.
func (p *parser) typeOf(d Dimension) (string, error) {
	name, err := p.str("type")
	switch {
	case err != nil:
		return "", err
	case !slices.Contains(types, name):
		return "", p.errorf("unknown type %q; the types are %s", name, strings.Join(types, ", "))
	case p.options.Dimensions == nil:
		return name, nil
	case name != d.Type:
		p.warn(problemf("%s has the type that the schema gives it, which is %s", d.Name, cmp.Or(d.Type, "none")))
	}
	return d.Type, nil
}
