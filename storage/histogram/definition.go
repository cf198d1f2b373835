package histogram

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/telemetry-mr/mr/storage"
)

// A Definition says what the buckets of a histogram are. It does not change.
type Definition struct {
	Name        string
	Kind        string // linear, exponential, enumerated, boolean, flag, count or categorical
	Description string
	Keyed       bool     // a ping has any number of such histograms, by key
	Labels      []string // of the buckets of a categorical one, from the first

	Low, High int64 // the lower bounds of the second bucket and, as a rule, of the last
	Buckets   int64 // their number

	once     sync.Once
	ranges   []int64
	identity bool   // bucket i has the lower bound i
	head     []byte // what the text of a usual histogram begins with
}

// A DefinitionError says why the definition of one histogram cannot be used.
type DefinitionError struct {
	Name   string
	Reason string
}

func (e *DefinitionError) Error() string {
	return fmt.Sprintf("definition of %s: %s", e.Name, e.Reason)
}

const (
	maxBuckets            = 10_000 // ten times what any browser has had
	minCategoricalBuckets = 50     // of the labels to come
)

// parseDefinition returns the definition that v is.
func parseDefinition(name string, v storage.Value, constants map[string]int64) (*Definition, error) {
	members, ok := v.Object()
	if !ok {
		return nil, errors.New("it is not an object")
	}
	if name == "" || strings.Contains(name, "#") {
		return nil, errors.New("a name is not empty and has no #")
	}
	d := &Definition{Name: name}
	p := parameters{constants: constants}
	for key, v := range members {
		switch key {
		case "kind":
			p.kind = v
		case "description":
			d.Description, _ = v.Str()
		case "keyed":
			d.Keyed, _ = v.Bool()
		case "labels":
			d.Labels = nil
			for label := range v.Elements() {
				s, _ := label.Str()
				d.Labels = append(d.Labels, s)
			}
		case "low":
			p.low = v
		case "high":
			p.high = v
		case "n_buckets":
			p.buckets = v
		case "n_values":
			p.values = v
		}
	}
	if err := d.set(p); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return d, nil
}

// code is what browsers send as histogram_type.
func (d *Definition) code() int64 {
	switch d.Kind {
	case "exponential":
		return 0
	case "boolean":
		return 2
	case "flag":
		return 3
	case "count":
		return 4
	case "categorical":
		return 5
	}
	return 1 // linear, and enumerated, which is a linear one with buckets of width 1
}

// parameters are the members of a definition that its buckets depend on.
type parameters struct {
	kind, low, high, buckets, values storage.Value
	constants                        map[string]int64
}

// set sets the kind and the numbers that follow from it.
func (d *Definition) set(p parameters) (err error) {
	if d.Kind, err = p.text("kind", p.kind); err != nil {
		return err
	}
	switch d.Kind {
	case "boolean", "flag", "count":
		d.Low, d.High, d.Buckets = 1, 2, 3
		return nil
	case "enumerated":
		d.Low = 1
		d.High, err = p.number("n_values", p.values)
		d.Buckets = d.High + 1
		return err
	case "categorical":
		// Browsers of 2016 had a bucket for each label and one more. Later ones had 50 at least, so that a label can be
		// added: with the same bounds.
		d.Low, d.High = 1, max(minCategoricalBuckets, int64(len(d.Labels)))
		if p.values.Exists() {
			var n int64
			n, err = p.number("n_values", p.values)
			d.High = max(d.High, n)
		}
		d.Buckets = d.High + 1
		return err
	case "linear", "exponential":
		d.Low = 1
		if p.low.Exists() {
			if d.Low, err = p.number("low", p.low); err != nil {
				return err
			}
			if d.Low == 0 {
				d.Low = 1 // as browsers have it: there is a bucket for 0 already
			}
		}
		if d.High, err = p.number("high", p.high); err != nil {
			return err
		}
		d.Buckets, err = p.number("n_buckets", p.buckets)
		return err
	}
	return fmt.Errorf("the kind %q is not known", d.Kind)
}

// check makes sure that there are ranges, each larger than the one before.
func (d *Definition) check() error {
	switch {
	case d.Buckets > maxBuckets:
		return fmt.Errorf("it has %d buckets, more than %d", d.Buckets, maxBuckets)
	case d.Buckets < 3 && (d.Kind != "exponential" || d.Buckets < 2):
		return fmt.Errorf("%d buckets are too few", d.Buckets)
	case d.Low < 1 || d.High < 1:
		return fmt.Errorf("low is %d and high is %d, less than 1", d.Low, d.High)
	case d.Kind != "exponential" && d.High-d.Low < d.Buckets-2:
		return fmt.Errorf("there are %d buckets from %d to %d", d.Buckets-1, d.Low, d.High)
	}
	return nil
}

func (p *parameters) text(key string, v storage.Value) (string, error) {
	if !v.Exists() {
		return "", fmt.Errorf("it has no %s", key)
	}
	s, ok := v.Str()
	if !ok {
		return "", fmt.Errorf("%s is %.40s, not text", key, v.Raw())
	}
	return s, nil
}

// number returns an integer that is one or that a text comes to.
func (p *parameters) number(key string, v storage.Value) (int64, error) {
	if n, ok := v.Int(); ok {
		return bounded(n)
	}
	if v.Exists() && v.Raw()[0] != '"' {
		return 0, fmt.Errorf("%s is %.40s, not an integer", key, v.Raw())
	}
	text, err := p.text(key, v)
	if err != nil {
		return 0, err
	}
	n, err := evaluate(text, p.constants)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return n, nil
}
