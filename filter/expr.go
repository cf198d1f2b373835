package filter

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// notInWords are the characters that no dimension and no value in an expression has.
const notInWords = `=<>!~"'*,`

// A SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Expr   string
	Offset int // of the byte in Expr that the message is about
	Msg    string
	Hint   string // what may cure it; may be empty
}

// Error returns three lines: the message, the expression, and a caret under the place, for a font in which Chinese,
// Japanese and Korean characters are two columns wide. Of a long expression there is the part around the place.
func (e *SyntaxError) Error() string {
	const around = 80
	var line strings.Builder
	column := 0
	for i, r := range e.Expr {
		switch {
		case i < e.Offset-around || i > e.Offset+around:
			continue
		case isBlank(r):
			r = ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			r = utf8.RuneError
		}
		line.WriteRune(r)
		if i < e.Offset {
			column += width(r)
		}
	}
	return fmt.Sprintf("%s\n  %s\n  %s^", e.Msg, line.String(), strings.Repeat(" ", column))
}

// width returns the columns that a terminal needs for r.
func width(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), 0xff01 <= r && r <= 0xff60, 0x1f300 <= r && r <= 0x1faff:
		return 2
	}
	return 1
}

// ParseExpr reads a filter written as an expression: terms separated by blanks, each a dimension, "=" or "!=", and values
// or ranges separated by commas, as in
//
//	appUpdateChannel=nightly,aurora appVersion=24..28 submission_date=-7d..-1d reason!=OTHER
//
// A range has a bound on either side of "..", or on one side only. The dates today, yesterday and -Nd (N days before
// today) count from o.Now, and are absolute in the Filter. The value * alone stands for everything. All terms must hold,
// also when several name the same dimension. An expression without a term is an error, as it would select everything where
// something was meant. An error is of type *SyntaxError.
func (o Options) ParseExpr(expr string) (Filter, error) {
	if i := invalidUTF8(expr); i >= 0 {
		return nil, &SyntaxError{Expr: expr, Offset: i, Msg: "not UTF-8"}
	}
	f := Filter{}
	for at := 0; at < len(expr); {
		end := at + strings.IndexFunc(expr[at:]+" ", isBlank)
		if end > at {
			p := termParser{Options: &o, expr: expr}
			dim, set, err := p.term(at, end)
			if err != nil {
				return nil, err
			}
			f[dim] = Set{clauses: append(f[dim].clauses, set.clauses...)} // which nobody else has
		}
		at = end + 1
	}
	if len(f) == 0 {
		return nil, &SyntaxError{Expr: expr, Msg: "the expression is empty", Hint: "without a filter everything is selected"}
	}
	return f, nil
}

func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r'
}

// A termParser reads one term of an expression.
type termParser struct {
	*Options
	expr string
	dim  Dimension
	clause
}

func (p *termParser) errorf(offset int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Expr: p.expr, Offset: offset, Msg: fmt.Sprintf(format, args...)}
}

func (p *termParser) problem(offset int, is *problem) *SyntaxError {
	return &SyntaxError{Expr: p.expr, Offset: offset, Msg: is.msg, Hint: is.hint}
}

// term reads expr[at:end], which has no blanks.
func (p *termParser) term(at, end int) (string, Set, error) {
	term := p.expr[at:end]
	op := strings.IndexAny(term, "=<>!~")
	switch {
	case op < 0:
		return "", Set{}, p.errorf(at, "no = after %.60q; a term is DIMENSION=VALUE, and blanks separate terms", term)
	case strings.HasPrefix(term[op:], "!="):
		p.not = true
	case term[op] == '<' || term[op] == '>':
		return "", Set{}, p.errorf(at+op, "%s is not an operator; a range is written MIN..MAX, MIN.. or ..MAX", operator(term[op:]))
	case term[op] != '=':
		return "", Set{}, p.errorf(at+op, "%s is not an operator; a term is DIMENSION=VALUE or DIMENSION!=VALUE", operator(term[op:]))
	}
	if op == 0 {
		return "", Set{}, p.errorf(at, "no dimension before %s", operator(term))
	}
	values := at + op + len(operator(term[op:]))
	dim, is := p.dimension(term[:op])
	if is != nil {
		return "", Set{}, p.problem(at, is)
	}
	p.dim, p.typ = dim, dim.Type
	if p.expr[values:end] == "*" {
		if p.not {
			return "", Set{}, p.errorf(values, "!=* would select nothing")
		}
		return dim.Name, All(), nil
	}
	for item := range strings.SplitSeq(p.expr[values:end], ",") {
		if err := p.item(item, values); err != nil {
			return "", Set{}, err
		}
		values += len(item) + 1
	}
	p.values = distinct(p.values)
	return dim.Name, Set{clauses: []clause{p.clause}}.index(), nil
}

// item reads one value or range.
func (p *termParser) item(text string, offset int) error {
	if text == "" {
		return p.errorf(offset, "no value here; values are separated by one comma, without blanks")
	}
	if i := strings.IndexAny(text, notInWords); i >= 0 {
		return p.wrong(text, i, offset)
	}
	lowest, highest, isRange := strings.Cut(text, "..")
	switch {
	case isRange && p.typ == "":
		err := p.errorf(offset+len(lowest), "dimension %s has no type, and so no ranges", p.dim.Name)
		err.Hint = `the "type" of a dimension in the schema says how its values compare: string, number, version or date`
		return err
	case isRange:
		return p.span(lowest, highest, offset)
	case isText(p.typ, text):
		c := clause{typ: p.typ, values: []string{text}}
		if is := p.stored(p.dim, text, c); is != nil {
			return p.problem(offset, is)
		}
		p.values = append(p.values, text)
		return nil
	}
	from, to, is := p.bound(p.typ, text)
	r := span{typ: p.typ, min: from, max: to, hasMin: true, hasMax: true}
	if is == nil {
		is = p.stored(p.dim, text, clause{typ: p.typ, spans: []span{r}})
	}
	if is != nil {
		return p.problem(offset, is)
	}
	p.spans = append(p.spans, r)
	return nil
}

// span reads a range. offset is that of its lower bound.
func (p *termParser) span(lowest, highest string, offset int) error {
	r := span{typ: p.typ, hasMin: lowest != "", hasMax: highest != ""}
	var is *problem
	switch {
	case !r.hasMin && !r.hasMax:
		return p.errorf(offset, "a range has a bound before or after the dots; * stands for everything")
	case strings.HasPrefix(highest, "."):
		return p.errorf(offset+len(lowest), "a range has two dots")
	case strings.Contains(highest, ".."):
		return p.errorf(offset+len(lowest)+2+strings.Index(highest, ".."), "a range has two bounds")
	}
	if r.hasMin {
		if r.min, _, is = p.bound(p.typ, lowest); is != nil {
			return p.problem(offset, is)
		}
	}
	if r.hasMax {
		if _, r.max, is = p.bound(p.typ, highest); is != nil {
			return p.problem(offset+len(lowest)+2, is)
		}
	}
	if r.isEmpty() {
		err := p.errorf(offset, "a range from %.60s to %.60s holds nothing", lowest, highest)
		err.Hint = fmt.Sprintf("the lower bound comes first: %.60s..%.60s", highest, lowest)
		return err
	}
	p.spans = append(p.spans, r)
	return nil
}

// bound returns the lowest and the highest value of a type that a text in an expression stands for.
func (o *Options) bound(typ, text string) (lowest, highest string, is *problem) {
	switch typ {
	case "date":
		return o.date(text)
	case "number":
		if !isNumber(text) {
			return "", "", problemf("%.60q is not a number", text).cure("a number is written 7, -7 or 7.5")
		}
	case "version":
		if !isVersion(text) {
			return "", "", problemf("%.60q is not a version", text).cure("a version begins with a digit: 24, 24.0.1, 24.0a1")
		}
	}
	return text, text, nil
}

// wrong says what is wrong with a text that has at i a character that does not belong there.
func (p *termParser) wrong(text string, i, offset int) error {
	switch c := text[i]; {
	case text == "*":
		return p.errorf(offset, "* stands for everything and cannot be one value of several")
	case c == '*' && p.typ == "version":
		return p.errorf(offset+i, "* within a value is not supported; 28 stands for every version 28")
	case c == '*':
		return p.errorf(offset+i, "* within a value is not supported; name the values, or write * alone for everything")
	case c == '"' || c == '\'':
		return p.errorf(offset+i, "a value cannot contain quotes; each character that is not a letter, digit, _ or . is stored as _")
	}
	return p.errorf(offset+i, "%s within a value; blanks separate terms, and one = or != stands between dimension and values", operator(text[i:]))
}

// operator returns the operator that s starts with.
func operator(s string) string {
	if len(s) > 1 && s[0] != '=' && s[1] == '=' {
		return s[:2]
	}
	return s[:1]
}
