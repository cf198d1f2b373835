package histogram

import (
	"errors"
	"fmt"
	"strconv"
)

// evaluate returns the value of a number that a definition has as text: "10000", "32 * 1024", "mozilla::MAX_ID + 1". It
// knows integers, the named constants, + - * / and parentheses. A quotient is rounded down, as the language did that these
// files were written for. Anything else is an error: nothing is ever executed.
func evaluate(text string, constants map[string]int64) (int64, error) {
	if len(text) > maxExpression {
		return 0, fmt.Errorf("an expression of %d characters, more than %d", len(text), maxExpression)
	}
	e := expression{text: text, constants: constants}
	n, err := e.sum(0)
	if err == nil && e.peek() != 0 {
		err = fmt.Errorf("unexpected %q", e.text[e.i:])
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no number: %w", text, err)
	}
	return n, nil
}

const (
	maxExpression = 200 // characters
	maxNesting    = 20  // parentheses and signs
)

// An expression is read by a function for each of its levels: sum, product, factor.
type expression struct {
	text      string
	i         int
	constants map[string]int64
}

// peek returns the next byte that is not blank, 0 at the end, and goes there.
func (e *expression) peek() byte {
	for e.i < len(e.text) && (e.text[e.i] == ' ' || e.text[e.i] == '\t') {
		e.i++
	}
	if e.i == len(e.text) {
		return 0
	}
	return e.text[e.i]
}

func (e *expression) sum(depth int) (int64, error) {
	a, err := e.product(depth)
	for err == nil {
		op := e.peek()
		if op != '+' && op != '-' {
			return a, nil
		}
		e.i++
		var b int64
		if b, err = e.product(depth); err != nil {
			break
		}
		if op == '-' {
			b = -b
		}
		a, err = bounded(a + b)
	}
	return 0, err
}

func (e *expression) product(depth int) (int64, error) {
	a, err := e.factor(depth)
	for err == nil {
		op := e.peek()
		if op != '*' && op != '/' {
			return a, nil
		}
		e.i++
		var b int64
		if b, err = e.factor(depth); err != nil {
			break
		}
		switch {
		case op == '*' && a != 0 && abs(b) > limit/abs(a):
			err = errTooLarge
		case op == '*':
			a *= b
		case b == 0:
			err = errors.New("division by zero")
		default:
			q := a / b
			if a%b != 0 && (a < 0) != (b < 0) {
				q--
			}
			a = q
		}
	}
	return 0, err
}

func (e *expression) factor(depth int) (int64, error) {
	if depth == maxNesting {
		return 0, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	switch c := e.peek(); {
	case c == '(':
		e.i++
		n, err := e.sum(depth + 1)
		if err != nil {
			return 0, err
		}
		if e.peek() != ')' {
			return 0, errors.New("a parenthesis is not closed")
		}
		e.i++
		return n, nil
	case c == '-', c == '+':
		e.i++
		n, err := e.factor(depth + 1)
		if c == '-' {
			n = -n
		}
		return n, err
	case isDigit(c):
		return e.number()
	case isLetter(c):
		return e.constant()
	case c == 0:
		return 0, errors.New("it ends too early")
	}
	return 0, fmt.Errorf("unexpected %q", e.text[e.i:])
}

func (e *expression) number() (int64, error) {
	word := e.word(isDigit)
	if e.i < len(e.text) && (isLetter(e.text[e.i]) || e.text[e.i] == '.') {
		return 0, errors.New("only decimal integers are known")
	}
	if word[0] == '0' && len(word) > 1 {
		return 0, fmt.Errorf("%s might be octal", word)
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return 0, errTooLarge
	}
	return bounded(n)
}

func (e *expression) constant() (int64, error) {
	word := e.word(inConstant)
	n, ok := e.constants[word]
	if !ok {
		return 0, fmt.Errorf("the constant %s is not known", word)
	}
	return bounded(n)
}

// word takes all bytes from here on that belong to a word.
func (e *expression) word(belongs func(byte) bool) string {
	from := e.i
	for e.i < len(e.text) && belongs(e.text[e.i]) {
		e.i++
	}
	return e.text[from:e.i]
}

// limit is for all numbers of a definition: float64, in which ranges are computed, has every integer up to here.
const limit = 1 << 53

var errTooLarge = fmt.Errorf("a number is larger than %d", int64(limit))

func bounded(n int64) (int64, error) {
	if n < -limit || n > limit {
		return 0, errTooLarge
	}
	return n, nil
}

func abs(n int64) int64 { return max(n, -n) }

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c == '_' || c|0x20-'a' < 26 }
