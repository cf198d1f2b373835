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

	counted, line, lineAt int // the line that the offset counted is in, from 0, and where it begins
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

// seek makes the value at this offset the next one. Only tokens of that value are to be read then.
func (p *parser) seek(offset int) {
	p.from, p.at = offset, offset
	p.dec = json.NewDecoder(bytes.NewReader(p.data[offset:]))
	p.dec.UseNumber()
}

// value returns a parser for the value at this offset.
func (p *parser) value(offset int) *parser {
	v := *p
	v.seek(offset)
	return &v
}

// errorf says what is wrong at p.at. Lines are counted from the place of the error before, of which there may be many.
func (p *parser) errorf(format string, args ...any) *DocumentError {
	at := min(p.at, len(p.data))
	if at < p.counted {
		p.counted, p.line, p.lineAt = 0, 0, 0
	}
	between := p.data[p.counted:at]
	if i := bytes.LastIndexByte(between, '\n'); i >= 0 {
		p.line += bytes.Count(between, []byte("\n"))
		p.lineAt = p.counted + i + 1
	}
	p.counted = at
	return &DocumentError{Line: p.line + 1, Column: at - p.lineAt + 1, Msg: fmt.Sprintf(format, args...)}
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

// warn tells of something odd, if there is, in the value just read.
func (p *parser) warn(is *problem) {
	if is != nil && p.options.Warn != nil {
		p.options.Warn(p.problem(p.at, is))
	}
}
