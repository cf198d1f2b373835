package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// types are the values that the "type" of a dimension may have.
var types = []string{"string", "number", "version", "date"}

// A parser goes through the tokens of a text that is known to be valid JSON.
type parser struct {
	data []byte
	dec  *json.Decoder
	at   int // offset of the token that next returned
}

func newParser(data []byte) (*parser, error) {
	p := &parser{data: data}
	if !utf8.Valid(data) {
		for r, size := rune(0), 0; r != utf8.RuneError || size != 1; p.at += size {
			r, size = utf8.DecodeRune(data[p.at:])
		}
		p.at--
		return nil, p.errorf("not UTF-8")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, p.errorf("empty document")
	}
	var text json.RawMessage
	if err := json.Unmarshal(data, &text); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			p.at = int(syntax.Offset) - 1 // of the byte that is wrong
			if strings.HasPrefix(err.Error(), "unexpected end") {
				p.at = len(data)
			}
		}
		return nil, p.errorf("not JSON: %v", err)
	}
	p.dec = json.NewDecoder(bytes.NewReader(data))
	p.dec.UseNumber()
	return p, nil
}

func (p *parser) errorf(format string, args ...any) error {
	before := p.data[:min(p.at, len(p.data))]
	line := bytes.Count(before, []byte("\n"))
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return &DocumentError{Line: line + 1, Column: column + 1, Msg: fmt.Sprintf(format, args...)}
}

// next returns the next token and remembers where it starts.
func (p *parser) next() (json.Token, error) {
	p.at = int(p.dec.InputOffset())
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[p.at]) >= 0 {
		p.at++
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, p.errorf("not JSON: %v", err)
	}
	return token, nil
}

// object reads an object and calls field for each of its keys, to read the value.
func (p *parser) object(what string, known []string, field func(key string) error) error {
	token, err := p.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return p.errorf("%s is not an object", what)
	}
	var seen []string
	for p.dec.More() {
		token, err := p.next()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		switch {
		case key == "include_invalid":
			return p.errorf("%q is no longer known: values outside the schema are stored as OTHER, so add \"OTHER\" to the lists that should hold them", key)
		case !slices.Contains(known, key):
			return p.errorf("unknown key %q in %s, which has %s", key, what, strings.Join(known, ", "))
		case slices.Contains(seen, key):
			return p.errorf("key %q comes twice in %s", key, what)
		}
		seen = append(seen, key)
		if err := field(key); err != nil {
			return err
		}
	}
	_, err = p.next()
	return err
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

func (p *parser) dimension(before []Dimension) (d Dimension, err error) {
	hasAllowed := false
	err = p.object("a dimension", []string{"field_name", "allowed_values", "type"}, func(key string) (err error) {
		switch key {
		case "field_name":
			d.Name, err = p.str("field_name")
			switch {
			case err != nil:
				return err
			case d.Name == "":
				return p.errorf(`"field_name" is empty`)
			case slices.ContainsFunc(before, func(o Dimension) bool { return o.Name == d.Name }):
				return p.errorf("dimension %q comes twice", d.Name)
			}
		case "allowed_values":
			hasAllowed = true
			d.Allowed, err = p.set()
		case "type":
			d.Type, err = p.str("type")
			if err == nil && !slices.Contains(types, d.Type) {
				return p.errorf("unknown type %q; the types are %s", d.Type, strings.Join(types, ", "))
			}
		}
		return err
	})
	switch {
	case err != nil:
		return Dimension{}, err
	case d.Name == "":
		return Dimension{}, p.errorf(`the dimension has no "field_name"`)
	case !hasAllowed:
		return Dimension{}, p.errorf(`dimension %q has no "allowed_values"; write "*" for everything`, d.Name)
	}
	return d, nil
}

// str reads a string.
func (p *parser) str(what string) (string, error) {
	token, err := p.next()
	if err != nil {
		return "", err
	}
	switch v := token.(type) {
	case string:
		return v, nil
	case json.Number:
		return "", p.errorf(`%s is a number; values are text, write "%s"`, what, v)
	}
	return "", p.errorf("%s is not a string", what)
}

// set reads the value of allowed_values.
func (p *parser) set() (Set, error) {
	token, err := p.next()
	if err != nil {
		return Set{}, err
	}
	switch v := token.(type) {
	case string:
		if v == "*" {
			return All(), nil
		}
		return OneOf(v), nil
	case json.Number:
		return Set{}, p.errorf(`allowed_values is a number; values are text, write "%s"`, v)
	case json.Delim:
		if v == '[' {
			return p.list()
		}
		return p.bounds()
	}
	return Set{}, p.errorf(`allowed_values is not "*", a list, a string or an object with min and max`)
}

// list reads the rest of a list.
func (p *parser) list() (Set, error) {
	var values []string
	for p.dec.More() {
		v, err := p.str("a value of the list")
		if err != nil {
			return Set{}, err
		}
		if v == "*" {
			return Set{}, p.errorf(`"*" does not mean everything inside a list; write "allowed_values": "*"`)
		}
		values = append(values, v)
	}
	_, err := p.next()
	return OneOf(values...), err
}

// bounds reads the rest of an object with min and max.
func (p *parser) bounds() (Set, error) {
	var bound [2]string
	var has [2]bool
	for p.dec.More() {
		token, err := p.next()
		if err != nil {
			return Set{}, err
		}
		key, _ := token.(string)
		i := slices.Index([]string{"min", "max"}, key)
		switch {
		case i < 0:
			return Set{}, p.errorf("unknown key %q in a range, which has min, max", key)
		case has[i]:
			return Set{}, p.errorf("key %q comes twice in a range", key)
		}
		has[i] = true
		if bound[i], err = p.str(key); err != nil {
			return Set{}, err
		}
	}
	_, err := p.next()
	return Range(bound[0], bound[1], has[0], has[1]), err
}
