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

// A parser goes through the tokens of a text that is known to be valid JSON.
type parser struct {
	options *Options
	data    []byte
	dec     *json.Decoder
	from    int // offset in data where dec began
	at      int // offset of the token that next returned
}

func newParser(data []byte) (*parser, error) {
	p := &parser{options: &Options{}, data: bytes.TrimPrefix(data, []byte("\ufeff"))} // some editors begin files with it
	if p.at = invalidUTF8(p.data); p.at >= 0 {
		return nil, p.errorf("not UTF-8")
	}
	p.at = 0
	if len(bytes.TrimSpace(p.data)) == 0 {
		return nil, p.errorf("empty document")
	}
	var text json.RawMessage
	if err := json.Unmarshal(p.data, &text); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			p.at = int(syntax.Offset) - 1 // of the byte that is wrong
			if strings.HasPrefix(err.Error(), "unexpected end") {
				p.at = len(p.data)
			}
		}
		return nil, p.errorf("not JSON: %v", err)
	}
	p.seek(0)
	return p, nil
}

// invalidUTF8 returns where text is not UTF-8, or -1.
func invalidUTF8[T string | []byte](text T) int {
	for i, r := range string(text) {
		if r == utf8.RuneError && !strings.HasPrefix(string(text[i:min(i+3, len(text))]), "\ufffd") {
			return i
		}
	}
	return -1
}

// seek makes the value at this offset the next one. Only tokens of that value are read then.
func (p *parser) seek(offset int) {
	p.from, p.at = offset, offset
	p.dec = json.NewDecoder(bytes.NewReader(p.data[offset:]))
	p.dec.UseNumber()
}

func (p *parser) errorf(format string, args ...any) *DocumentError {
	before := p.data[:min(p.at, len(p.data))]
	line := bytes.Count(before, []byte("\n"))
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return &DocumentError{Line: line + 1, Column: column + 1, Msg: fmt.Sprintf(format, args...)}
}

// next returns the next token and remembers where it starts.
func (p *parser) next() (json.Token, error) {
	p.at = p.from + int(p.dec.InputOffset())
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
	return p.fields(what, known, field)
}

// fields reads the rest of an object.
func (p *parser) fields(what string, known []string, field func(key string) error) error {
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
	_, err := p.next()
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

// A value that is read later, when the type is known.
const unread = -1

func (p *parser) dimension(before []Dimension) (Dimension, error) {
	var d Dimension
	name, allowed := unread, unread
	err := p.object("a dimension", []string{"field_name", "allowed_values", "type"}, func(key string) (err error) {
		switch key {
		case "field_name":
			d.Name, err = p.str("field_name")
			name = p.at
			switch {
			case err != nil:
				return err
			case d.Name == "":
				return p.errorf(`"field_name" is empty`)
			case slices.ContainsFunc(before, func(o Dimension) bool { return o.Name == d.Name }):
				return p.errorf("dimension %q comes twice", d.Name)
			}
		case "allowed_values":
			allowed, err = p.skip()
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
	case name == unread:
		return Dimension{}, p.errorf(`the dimension has no "field_name"`)
	case allowed == unread:
		return Dimension{}, p.errorf(`dimension %q has no "allowed_values"; write "*" for everything`, d.Name)
	}
	known, is := p.options.dimension(d.Name)
	if is != nil {
		return Dimension{}, p.problem(name, is)
	}
	if p.options.Dimensions == nil {
		known.Type = d.Type
	}
	values := valuesParser{parser: *p, dim: known}
	values.seek(allowed)
	d.Allowed, err = values.set(keysOutside)
	return d, err
}

// skip passes over a value and returns where it begins.
func (p *parser) skip() (at int, err error) {
	at = p.from + int(p.dec.InputOffset())
	at += len(p.data[at:]) - len(bytes.TrimLeft(p.data[at:], " \t\r\n,:"))
	var value json.RawMessage
	if err := p.dec.Decode(&value); err != nil {
		return 0, p.errorf("not JSON: %v", err)
	}
	return at, nil
}

// problem is what is wrong at an offset.
func (p *parser) problem(at int, is *problem) *DocumentError {
	p.at = at
	err := p.errorf("%s", is.msg)
	err.Hint = is.hint
	return err
}

// str reads a string.
func (p *parser) str(what string) (string, error) {
	token, err := p.next()
	if err != nil {
		return "", err
	}
	return p.asText(what, token)
}

func (p *parser) asText(what string, token json.Token) (string, error) {
	switch v := token.(type) {
	case string:
		return v, nil
	case json.Number:
		return "", p.errorf(`%s is a number; values are text, write "%s"`, what, v)
	}
	return "", p.errorf("%s is not a string", what)
}
