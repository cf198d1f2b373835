package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A selection is what a filter selects of a store. What else a person should know of it is told by warn.
type selection struct {
	walk   *storage.Walk
	strays []mapreduce.Stray
	count  int
}

func newSelection(tree *storage.Tree, f filter.Filter) *selection {
	return &selection{walk: tree.Walk(f)}
}

// files returns the files, in order. An error is the last item.
func (s *selection) files() iter.Seq2[storage.File, error] {
	return func(yield func(storage.File, error) bool) {
		for file, err := range s.walk.Files() {
			if stray, ok := errors.AsType[*storage.StrayError](err); ok {
				s.strays = append(s.strays, mapreduce.Stray{Path: stray.Path, Reason: stray.Reason})
				continue
			}
			if err == nil {
				s.count++
			}
			if !yield(file, err) {
				return
			}
		}
	}
}

func (s *selection) warn(env env) {
	warnUnmatched(env.stderr, s.walk.Unmatched())
	warnStrays(env, s.strays)
}

// warnStrays tells of the first few files that are in a store and no part of it.
func warnStrays(env env, strays []mapreduce.Stray) {
	const most = 5
	for _, f := range strays[:min(most, len(strays))] {
		fmt.Fprintf(env.stderr, "mr: not read: %s: %s\n", printable(f.Path), printable(f.Reason))
	}
	if n := len(strays) - most; n > 0 {
		fmt.Fprintf(env.stderr, "mr: not read: %d more such files\n", n)
	}
}

// warnUnmatched tells of values in the filter that no name has.
func warnUnmatched(w io.Writer, unmatched []storage.Unmatched) {
	const most = 10
	for _, u := range unmatched {
		more := ""
		if n := len(u.Values) - most; n > 0 {
			u.Values, more = u.Values[:most], fmt.Sprintf(" and %d more values", n)
		}
		verb := "matches"
		if more != "" || len(u.Values) > 1 {
			verb = "match"
		}
		fmt.Fprintf(w, "mr: warning: filter %s=%s%s %s nothing\n", u.Dimension, printable(strings.Join(u.Values, ",")), more, verb)
	}
}
