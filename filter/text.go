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

// String returns s for people to read: "*", "a,b", "24..28", "not a and not 25..26", "(nothing)" for the empty list.
func (s Set) String() string {
	if s.IsAll() {
		return "*"
	}
	var texts []string
	for i := range s.clauses {
		c := &s.clauses[i]
		text, _ := c.list()
		if c.not {
			text = "not " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " and ")
}

// text returns c as what stands behind the operator in an expression, or in JSON if no expression says it.
func (c *clause) text() string {
	if text, ok := c.list(); ok {
		return text
	}
	inner := *c
	inner.not = false
	text, err := inner.json()
	if err != nil {
		return fmt.Sprintf("%q", c.values)
	}
	return string(text)
}

// list returns c in the notation of expressions. It is not ok if the text means something else there.
func (c *clause) list() (text string, ok bool) {
	var items []string
	ok = true
	for _, v := range c.values {
		items = append(items, v)
		ok = ok && isWord(v) && !strings.Contains(v, "..") && isText(c.typ, v)
	}
	for i := range c.spans {
		item, exact := c.spans[i].text()
		items = append(items, item)
		ok = ok && exact
	}
	if items == nil {
		return "(nothing)", false
	}
	return strings.Join(items, ","), ok
}

// text returns r in the notation of expressions. It is not exact if that means something else there.
func (r *span) text() (text string, exact bool) {
	lowest, highest := r.min, r.max
	if r.typ == "date" && len(highest) == 14 {
		for n := 8; n < 14; n += 2 {
			if highest[n:] == endOfDay[n-8:] {
				highest = highest[:n]
				break
			}
		}
	}
	exact = (!r.hasMin || isBound(r.typ, r.min, lowest, false)) && (!r.hasMax || isBound(r.typ, r.max, highest, true))
	if r.hasMin && r.hasMax && lowest == highest && hasOrder(r.typ) {
		return lowest, exact
	}
	return lowest + ".." + highest, exact
}

// isBound reports whether an expression makes this bound of the text.
func isBound(typ, bound, text string, isMax bool) bool {
	if typ == "" || !isWord(text) || strings.Contains(text, "..") {
		return false
	}
	lowest, highest, p := (&Options{}).bound(typ, text)
	return p == nil && (!isMax && lowest == bound || isMax && highest == bound)
}

// isWord reports whether s can be a dimension or value in an expression.
func isWord(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsAny(s, notInWords) && !strings.ContainsFunc(s, isBlank)
}

// MarshalJSON writes s as the value of "allowed_values", see Document. A value that is not UTF-8, or the value "*", has no
// such form and is an error.
func (s Set) MarshalJSON() ([]byte, error) {
	switch len(s.clauses) {
	case 0:
		return []byte(`"*"`), nil
	case 1:
		return s.clauses[0].json()
	}
	var all struct {
		All []json.RawMessage `json:"all"`
	}
	for i := range s.clauses {
		text, err := s.clauses[i].json()
		if err != nil {
			return nil, err
		}
		all.All = append(all.All, text)
	}
	return marshal(all)
}

func (c *clause) json() ([]byte, error) {
	items := []any{}
	for _, v := range c.values {
		if v == "*" {
			return nil, errors.New(`the value "*" has no JSON form`)
		}
		items = append(items, v)
	}
	for _, r := range c.spans {
		items = append(items, r.json())
	}
	for _, v := range slices.Concat(c.values, c.bounds()) {
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("value %q is not UTF-8", v)
		}
	}
	var form any = items
	if len(items) == 1 && len(c.spans) == 1 {
		form = items[0]
	}
	if c.not {
		form = map[string]any{"not": form}
	}
	return marshal(form)
}

// json returns r as it is marshalled: an object with min and max.
func (r *span) json() any {
	var bounds struct {
		Min *string `json:"min,omitempty"`
		Max *string `json:"max,omitempty"`
	}
	if r.hasMin {
		bounds.Min = &r.min
	}
	if r.hasMax {
		bounds.Max = &r.max
	}
	return bounds
}

// bounds returns the bounds of all ranges in c.
func (c *clause) bounds() []string {
	var all []string
	for _, r := range c.spans {
		all = append(all, r.min, r.max)
	}
	return all
}

// marshal is json.Marshal without the escapes for HTML, which would only make a schema harder to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
