package filter

import (
	"encoding/json"
)

// A valuesParser reads the value of allowed_values, for one dimension.
type valuesParser struct {
	parser
	dim Dimension
}

// The keys of an object in the place of values: at the outside, in "all", and in "not" or a list.
var (
	keysOutside = []string{"min", "max", "not", "all"}
	keysInAll   = keysOutside[:3]
	keysInList  = keysOutside[:2]
)

// UnmarshalJSON reads the value of "allowed_values", see Document. Its errors are of type *DocumentError, with the position
// in data.
func (s *Set) UnmarshalJSON(data []byte) error {
	p, err := newParser(data)
	if err != nil {
		return err
	}
	set, err := (&valuesParser{parser: *p}).set(keysOutside)
	if err == nil {
		*s = set
	}
	return err
}

// set reads a set. An object in its place has some of these keys.
func (p *valuesParser) set(keys []string) (Set, error) {
	token, err := p.next()
	if err != nil {
		return Set{}, err
	}
	switch v := token.(type) {
	case string:
		if v == "*" && len(keys) == len(keysOutside) {
			return All(), nil
		}
		value, err := p.checked(v)
		return p.oneOf([]string{value}, nil), err
	case json.Number:
		return Set{}, p.errorf(`allowed_values is a number; values are text, write "%s"`, v)
	case json.Delim:
		if v == '[' {
			return p.list()
		}
		return p.keyed(keys)
	}
	return Set{}, p.errorf(`allowed_values is not "*", a list, a string or an object with min and max`)
}

// oneOf returns the set of these values and ranges.
func (p *valuesParser) oneOf(values []string, spans []span) Set {
	return Set{clauses: []clause{{typ: p.dim.Type, values: distinct(values), spans: spans}}}.index()
}

// list reads the rest of a list.
func (p *valuesParser) list() (Set, error) {
	var values []string
	var spans []span
	for p.dec.More() {
		token, err := p.next()
		if err != nil {
			return Set{}, err
		}
		if token == json.Delim('{') {
			r, err := p.keyed(keysInList)
			if err == nil && r.IsAll() {
				err = p.errorf("a range in a list has min, max or both")
			}
			if err != nil {
				return Set{}, err
			}
			spans = append(spans, r.clauses[0].spans...)
			continue
		}
		value, err := p.asText("a value of the list", token)
		if err == nil {
			value, err = p.checked(value)
		}
		if err != nil {
			return Set{}, err
		}
		values = append(values, value)
	}
	_, err := p.next()
	return p.oneOf(values, spans), err
}

// checked returns a value as it is compared, if the dimension can have it.
func (p *valuesParser) checked(v string) (string, error) {
	if v == "*" {
		return "", p.errorf(`"*" does not mean everything here; write "allowed_values": "*"`)
	}
	if p.dim.Type == "date" && !isName(v) {
		date, ok := parseDate(v)
		if !ok {
			return "", p.notDate(v)
		}
		v = date
	}
	p.warn(p.options.stored(p.dim, v, clause{typ: p.dim.Type, values: []string{v}}))
	return v, nil
}

// keyed reads the rest of an object: a range, "not" or "all".
func (p *valuesParser) keyed(keys []string) (set Set, err error) {
	r := span{typ: p.dim.Type}
	var first string // the first key
	err = p.fields("a range", keys, func(key string) (err error) {
		if isRange := key == "min" || key == "max"; first != "" && (!isRange || first == "not" || first == "all") {
			return p.errorf(`%q and %q do not go together; write {"all": [...]}`, first, key)
		}
		first = key
		switch key {
		case "min":
			r.min, err = p.bound(key)
			r.hasMin = true
		case "max":
			r.max, err = p.bound(key)
			r.hasMax = true
		case "not":
			set, err = p.not()
		case "all":
			set, err = p.all()
		}
		return err
	})
	if err != nil || first == "not" || first == "all" {
		return set, err
	}
	if r.isEmpty() {
		p.warn(problemf("a range from %.60s to %.60s holds nothing", r.min, r.max))
	}
	return rangeOf(r.typ, r.min, r.max, r.hasMin, r.hasMax), nil
}

// bound reads a bound of a range.
func (p *valuesParser) bound(key string) (string, error) {
	text, err := p.str(key)
	if err != nil || !hasOrder(p.dim.Type) {
		return text, err
	}
	if p.dim.Type == "date" {
		digits, _ := dateDigits(text)
		if len(digits) > 14 || !isDigits(digits) { // 20130600 and 20130607999999 are good bounds
			return "", p.notDate(text)
		}
		return digits, nil
	}
	if _, _, is := p.options.bound(p.dim.Type, text); is != nil {
		return "", p.problem(p.at, is)
	}
	return text, nil
}

func (p *valuesParser) notDate(text string) error {
	is := notDate(text)
	if _, ok := daysAgo(text); ok {
		is.cure("days counted from today are for expressions: %s=%s", p.dim.Name, text)
	}
	return p.problem(p.at, is)
}

// not reads the value of "not".
func (p *valuesParser) not() (Set, error) {
	set, err := p.set(keysInList)
	if err == nil && set.IsAll() {
		err = p.errorf(`"not" everything would be nothing`)
	}
	if err != nil {
		return Set{}, err
	}
	set.clauses[0].not = true
	return set, nil
}

// all reads the value of "all".
func (p *valuesParser) all() (Set, error) {
	token, err := p.next()
	if err != nil {
		return Set{}, err
	}
	if token != json.Delim('[') {
		return Set{}, p.errorf(`"all" is not a list`)
	}
	var set Set
	for p.dec.More() {
		more, err := p.set(keysInAll)
		if err != nil {
			return Set{}, err
		}
		set.clauses = append(set.clauses, more.clauses...)
	}
	_, err = p.next()
	return set, err
}
