// Package filter tells which values of the dimensions of a store a job reads.
//
// A store divides its records by dimensions (the reason of a submission, an application, a date) whose values are parts
// of the path of a file. A Filter names a Set of values for some of these dimensions; a file is selected if every
// dimension holds its value. Nothing is read to decide: the path is enough, and a directory whose value is not held is
// not entered.
//
// A filter has two written forms. A JSON document, for Parse:
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
// and an expression, for ParseExpr:
//
//	appName=Firefox,Fennec submission_date=20131101
//
// Values are compared as text, code point by code point (which is the order of the bytes of UTF-8): the range with the
// maximum 20130607 does not hold 20130607030203, and 9 lies above 10. Both bounds of a range belong to it.
//
// This package knows values only. How a value is spelled in a path, and that a filter's values are spelled the same
// way before they are compared, is the work of package storage.
package filter

import (
	"maps"
	"slices"
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
