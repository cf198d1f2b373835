package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say what is known of the store that a filter is for. The zero Options know nothing: a filter may name any
// dimension, none has a type, and there are no relative dates.
type Options struct {
	// Dimensions are those of the store, in its order; a filter that names another is wrong. nil: any may be named.
	Dimensions []Dimension

	// Stores reports whether the store can have this value in a dimension. nil: it can have any. A value that it cannot
	// have is an error in an expression and a warning in a document.
	Stores func(dim, value string) bool

	// Now is what relative dates count from.
	Now time.Time

	// Warn, if it is not nil, is called for what is odd in a document and does not make it wrong.
	Warn func(*DocumentError)
}

// ParseExpr is Options.ParseExpr with zero Options.
func ParseExpr(expr string) (Filter, error) { return Options{}.ParseExpr(expr) }

// Parse is Options.Parse with zero Options.
func Parse(data []byte) (Filter, error) { return Options{}.Parse(data) }

// A problem is what is wrong with a part of a filter, and what may cure it.
type problem struct{ msg, hint string }

func problemf(format string, args ...any) *problem {
	return &problem{msg: fmt.Sprintf(format, args...)}
}

func (p *problem) cure(format string, args ...any) *problem {
	p.hint = fmt.Sprintf(format, args...)
	return p
}

// dimension returns the dimension with this name.
func (o *Options) dimension(name string) (Dimension, *problem) {
	if o.Dimensions == nil {
		return Dimension{Name: name}, nil
	}
	names := make([]string, len(o.Dimensions))
	for i, d := range o.Dimensions {
		if d.Name == name {
			return d, nil
		}
		names[i] = d.Name
	}
	hint := "the store has " + strings.Join(names, ", ")
	if near := nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return Dimension{}, problemf("unknown dimension %.60q", name).cure("%s", hint)
}

// stored returns a problem if no file of the store can have a value that c holds. value is what c was made from.
func (o *Options) stored(d Dimension, value string, c clause) *problem {
	if value == other || o.Stores == nil || o.Stores(d.Name, value) {
		return nil
	}
	allowed := d.Allowed.names()
	if slices.ContainsFunc(allowed, c.contains) || len(c.spans) > 0 && d.Allowed.hasRange() {
		return nil // whether two ranges have something in common is not looked at
	}
	hint := "the schema has " + d.Allowed.String()
	if len(allowed) > 12 {
		hint = fmt.Sprintf("the schema has %s and %d more", strings.Join(allowed[:10], ","), len(allowed)-10)
	}
	if near := nearest(value, allowed); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return problemf("no file of the store can have %s=%.60s", d.Name, value).cure("%s; any other value is stored as %s", hint, other)
}
