package filter

import (
	"cmp"
	"slices"
	"strings"
)

// types are the values that the type of a dimension may have, besides none.
var types = []string{"string", "number", "version", "date"}

// other is what a store has instead of a value that it does not allow.
const other = "OTHER"

// A span is a range of values of a type.
type span struct {
	typ            string
	min, max       string
	hasMin, hasMax bool
}

// contains reports whether r holds value.
func (r *span) contains(value string) bool {
	if r.hasMin {
		if c, ok := compareTo(r.typ, value, r.min); !ok || c < 0 {
			return false
		}
	}
	if r.hasMax {
		if c, ok := compareTo(r.typ, value, r.max); !ok || c > 0 {
			return false
		}
	}
	return true
}

// isEmpty reports whether the bounds are the wrong way round.
func (r *span) isEmpty() bool {
	if !r.hasMin || !r.hasMax {
		return false
	}
	if r.typ == "version" && isDigits(r.min) && !isDigits(r.max) {
		return compareVersions(r.max[:digits(r.max)], r.min) < 0 // 28..28.0
	}
	c, _ := compareTo(r.typ, r.min, r.max)
	return c > 0
}

// compareTo compares a value with a bound. It is false for a value that is not of the type.
func compareTo(typ, value, bound string) (c int, ok bool) {
	switch typ {
	case "number":
		return compareNumbers(value, bound), isNumber(value)
	case "version":
		if isDigits(bound) {
			value = value[:digits(value)]
		}
		return compareVersions(value, bound), isVersion(value)
	case "date":
		value, ok = dateDigits(value)
		return strings.Compare(value, bound), ok
	case "string":
		return strings.Compare(value, bound), value != other
	}
	return strings.Compare(value, bound), true
}

// digits returns the number of digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

func isDigits(s string) bool { return s != "" && digits(s) == len(s) }

// isSeparator reports whether c stands between the numbers of a version, or the year, month and day of a date. In a path
// all of these may have become _.
func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' || c == '+' }

// isVersion reports whether s begins with a digit and has but letters, digits and separators.
func isVersion(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !('a' <= c && c <= 'z' || '0' <= s[i] && s[i] <= '9' || isSeparator(s[i])) {
			return false
		}
	}
	return digits(s) > 0
}

// compareVersions compares part by part: what is between separators. What is missing counts as 0.
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var partA, partB string
		partA, a = cutPart(a)
		partB, b = cutPart(b)
		if c := compareParts(partA, partB); c != 0 {
			return c
		}
	}
	return 0
}

func cutPart(s string) (part, rest string) {
	for i := range len(s) {
		if isSeparator(s[i]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// compareParts compares numbers and words in turn. A missing word comes last: 0 after 0b3.
func compareParts(a, b string) int {
	for a != "" || b != "" {
		n, m := digits(a), digits(b)
		if c := compareDigits(a[:n], b[:m]); c != 0 {
			return c
		}
		a, b = a[n:], b[m:]
		n, m = letters(a), letters(b)
		switch {
		case n == 0 && m > 0:
			return 1
		case n > 0 && m == 0:
			return -1
		case a[:n] != b[:m]:
			return strings.Compare(a[:n], b[:m])
		}
		a, b = a[n:], b[m:]
	}
	return 0
}

// letters returns the number of bytes before the first digit in s.
func letters(s string) int {
	if i := strings.IndexAny(s, "0123456789"); i >= 0 {
		return i
	}
	return len(s)
}

// compareDigits compares two numbers of any length.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// cutNumber takes a number apart. In a path, minus and point may have become _.
func cutNumber(s string) (negative bool, whole, fraction string, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '_') {
		negative, s = true, s[1:]
	}
	n := digits(s)
	whole, s = s[:n], s[n:]
	if s == "" {
		return negative, whole, "", n > 0
	}
	fraction = s[1:]
	return negative, whole, strings.TrimRight(fraction, "0"), n > 0 && (s[0] == '.' || s[0] == '_') && isDigits(fraction)
}

func isNumber(s string) bool {
	_, _, _, ok := cutNumber(s)
	return ok
}

// compareNumbers compares exactly, without a limit to the digits.
func compareNumbers(a, b string) int {
	negA, wholeA, fractionA, _ := cutNumber(a)
	negB, wholeB, fractionB, _ := cutNumber(b)
	isZero := func(whole, fraction string) bool { return strings.Trim(whole+fraction, "0") == "" }
	negA, negB = negA && !isZero(wholeA, fractionA), negB && !isZero(wholeB, fractionB)
	c := cmp.Or(compareDigits(wholeA, wholeB), strings.Compare(fractionA, fractionB))
	switch {
	case negA && negB:
		return -c
	case negA:
		return -1
	case negB:
		return 1
	}
	return c
}

// isName reports whether s is a word in capitals, like OTHER and UNKNOWN: not a value of any type but a string.
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '_' })
}

// hasOrder reports whether typ has an order of its own; values of others compare as text.
func hasOrder(typ string) bool { return slices.Contains(types[1:], typ) }

// isText reports whether a value in an expression is just that text. Where there is a type with an order, that is a word in
// capitals, and anything that begins with a letter; among dates only the former, if it is not meant for a day.
func isText(typ, value string) bool {
	if typ == "date" {
		return isName(value) && nearest(value, relativeDays) == ""
	}
	c := value[0] | 0x20
	return !hasOrder(typ) || isName(value) || 'a' <= c && c <= 'z' || c >= 0x80
}
