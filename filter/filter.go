// Package filter tells which values of the dimensions of a store a job reads.
//
// A store divides its records by dimensions (the reason of a submission, an application, a date) whose values are parts
// of the path of a file. A Filter names a Set of values for some of these dimensions; a file is selected if every
// dimension holds its value. Nothing is read to decide: the path is enough, and a directory whose value is not held is
// not entered.
//
// A filter has two written forms. An expression, for Options.ParseExpr:
//
//	appName=Firefox,Fennec appVersion=24..28 submission_date=-7d..yesterday reason!=OTHER
//
// and a JSON document, for Options.Parse, which has the grammar of 2013:
//
//	{
//	  "version": 1,
//	  "dimensions": [
//	    {"field_name": "appName",         "allowed_values": ["Firefox", "Fennec"]},
//	    {"field_name": "appVersion",      "allowed_values": "*"},
//	    {"field_name": "submission_date", "allowed_values": {"min": "20131101", "max": "20131103"}}
//	  ]
//	}
//
// # Types
//
// The Options tell the type of a dimension, which says how its values compare. OTHER, which a store has instead of a
// value that it does not allow, is of no type and in no range of a type, and neither is any other value that is not of
// the type. Both bounds of a range belong to it.
//
// A number is digits with a fraction or without, and a minus before them if it is below zero: 9 < 10, 7 = 7.0.
//
// A version begins with a digit. It compares number by number, as Mozilla's toolkit compares them: 9 < 10,
// 24.0 < 24.0.1, and 24 = 24.0. Letters behind a number make a pre-release, which comes before: 24.0a1 < 24.0b3 <
// 24.0b10 < 24.0. A bound that is one whole number stands for everything with that number, pre-releases too: 24..28
// holds 24.0a1 and 28.0.1, but not 29.0a1. Any other bound is that version: ..28.0 does not hold 28.0.1, and 24.0.. not
// 24.0a1.
//
// A date is a day, 20130601 or 2013-06-01, or begins with one, as the identifiers of builds do: 20130601030203. Dates
// compare as their digits do.
//
// A string compares code point by code point, which is the order of the bytes of UTF-8.
//
// # Expressions and documents
//
// A value in an expression stands for what the range from it to itself holds: appVersion=28 for 28.0 and 28.0.1, a day for
// every build of that day. A day as an upper bound is all of that day. Relative dates count in days of UTC. A word in
// capitals, such as OTHER and UNKNOWN, is that word in any type, and so is what begins with a letter, but among dates.
//
// A document is what it was in 2013, also where there is a type: a list or a single string holds just these values, and
// the upper bound 20130607 of a date does not hold 20130607030203, which is longer. Without a type, the bounds of a
// document compare as strings, OTHER among them, so that 9 lies above 10; an expression has no ranges then.
//
// This package knows values only. How a value is spelled in a path, and that a filter's values are spelled the same
// way before they are compared, is the work of package storage.
package filter

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Filter holds a Set of values for each dimension it names. A dimension that it does not name may have any value, so
// a nil Filter selects everything. All dimensions must hold.
type Filter map[string]Set

// Match reports whether f holds value for the dimension dim.
func (f Filter) Match(dim, value string) bool {
	return f[dim].Contains(value)
}

// Intersect returns the filter that selects what both f and o select. Neither is changed; the sets are shared.
func (f Filter) Intersect(o Filter) Filter {
	if len(f) == 0 && len(o) == 0 {
		return nil
	}
	both := make(Filter, len(f)+len(o))
	maps.Copy(both, f)
	for dim, set := range o {
		both[dim] = both[dim].Intersect(set)
	}
	return both
}

// Dims returns the names of the dimensions in f, sorted.
func (f Filter) Dims() []string {
	return slices.Sorted(maps.Keys(f))
}

// String returns f as an expression, its dimensions sorted and its dates absolute. ParseExpr, with the same types, makes
// the same filter of it, unless f has sets that an expression cannot say, such as those of a document: these are written
// in JSON.
func (f Filter) String() string {
	var terms []string
	for _, dim := range f.Dims() {
		name := dim
		if !isWord(name) {
			name = strconv.Quote(name)
		}
		if f[dim].IsAll() {
			terms = append(terms, name+"=*")
		}
		for i := range f[dim].clauses {
			c := &f[dim].clauses[i]
			op := "="
			if c.not {
				op = "!="
			}
			terms = append(terms, name+op+c.text())
		}
	}
	return strings.Join(terms, " ")
}

// MarshalJSON writes f as a document, its dimensions sorted and with their types. Parse makes the same filter of it.
func (f Filter) MarshalJSON() ([]byte, error) {
	type dimension struct {
		Name    string `json:"field_name"`
		Allowed Set    `json:"allowed_values"`
		Type    string `json:"type,omitempty"`
	}
	doc := struct {
		Version    int         `json:"version"`
		Dimensions []dimension `json:"dimensions"`
	}{Version: 1, Dimensions: []dimension{}}
	for _, dim := range f.Dims() {
		doc.Dimensions = append(doc.Dimensions, dimension{dim, f[dim], f[dim].typeName()})
	}
	return marshal(doc)
}
