package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Expr   string
	Offset int // of the byte in Expr that the message is about
	Msg    string
}

// Error returns three lines: the message, the expression, and a caret under the place.
func (e *SyntaxError) Error() string {
	oneLine := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, e.Expr)
	column := utf8.RuneCountInString(e.Expr[:min(max(e.Offset, 0), len(e.Expr))])
	return fmt.Sprintf("%s\n  %s\n  %s^", e.Msg, oneLine, strings.Repeat(" ", column))
}

// ParseExpr reads a filter written as an expression: terms separated by blanks, each a dimension, "=" and values
// separated by commas, as in
//
//	appUpdateChannel=nightly,aurora submission_date=20131101
//
// The value * alone stands for everything. All terms must hold, also when several name the same dimension. An
// expression without a term is an error, as it would select everything where something was meant. An error is of type
// *SyntaxError.
func ParseExpr(expr string) (Filter, error) {
	f := Filter{}
	for at := 0; at < len(expr); {
		if isBlank(expr[at]) {
			at++
			continue
		}
		end := at
		for end < len(expr) && !isBlank(expr[end]) {
			end++
		}
		dim, set, err := parseTerm(expr, at, end)
		if err != nil {
			return nil, err
		}
		f[dim] = f[dim].Intersect(set)
		at = end
	}
	if len(f) == 0 {
		return nil, &SyntaxError{Expr: expr, Msg: "empty filter expression; without a filter everything is selected"}
	}
	return f, nil
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// parseTerm reads expr[at:end], which has no blanks.
func parseTerm(expr string, at, end int) (dim string, set Set, err error) {
	fail := func(offset int, format string, args ...any) (string, Set, error) {
		return "", Set{}, &SyntaxError{Expr: expr, Offset: offset, Msg: fmt.Sprintf(format, args...)}
	}
	term := expr[at:end]
	if !utf8.ValidString(term) {
		return fail(at, "not UTF-8")
	}
	op := strings.IndexAny(term, "=<>!~")
	switch {
	case op < 0:
		return fail(at, "no = after %q; a term is DIMENSION=VALUE, and blanks separate terms", term)
	case term[op] != '=':
		return fail(at+op, "%s is not supported; a term is DIMENSION=VALUE", operator(term[op:]))
	case op == 0:
		return fail(at, "no dimension before =")
	}
	dim = term[:op]

	var values []string
	offset := at + op + 1
	for value := range strings.SplitSeq(expr[offset:end], ",") {
		switch i := strings.IndexAny(value, `=<>!~"'*`); {
		case value == "":
			return fail(offset, "no value here; values are separated by one comma, without blanks")
		case value == "*" && offset == at+op+1 && offset+1 == end:
			return dim, All(), nil
		case value == "*":
			return fail(offset, "* stands for everything and cannot be one value of several")
		case strings.Contains(value, ".."):
			return fail(offset+strings.Index(value, ".."), "ranges (..) are not supported in an expression; a JSON filter has min and max")
		case i >= 0 && value[i] == '*':
			return fail(offset+i, "* within a value is not supported; name the values, or write * alone for everything")
		case i >= 0 && (value[i] == '"' || value[i] == '\''):
			return fail(offset+i, "a value cannot contain quotes; each character that is not a letter, digit, _ or . is stored as _")
		case i == 0 || i > 0 && value[i] == '=':
			return fail(offset+i, "%s within a value; blanks separate terms, and one = stands between dimension and values", operator(value[i:]))
		}
		values = append(values, value)
		offset += len(value) + 1
	}
	return dim, OneOf(values...), nil
}

// operator returns the operator that s starts with.
func operator(s string) string {
	if len(s) > 1 && s[0] != '=' && s[1] == '=' {
		return s[:2]
	}
	return s[:1]
}
