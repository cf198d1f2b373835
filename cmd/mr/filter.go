package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

const filterHelp = `A filter says which files of a store to read, by the values of their dimensions. It is
an expression or the name of a JSON document; of several --filter, all must hold.

    --filter 'appUpdateChannel=nightly,aurora appVersion=24..28'
    --filter 'submission_date=-7d..yesterday reason!=OTHER'
    --filter firefox.json --filter submission_date=20140301

An expression is terms with blanks between them, all of which must hold:

    DIMENSION=ITEM,ITEM...     any of these values and ranges
    DIMENSION!=ITEM,ITEM...    anything else; what is stored as OTHER, too
    DIMENSION=*                anything

An item is a value or a range: MIN..MAX, MIN.. or ..MAX, with the bounds included. What
that means depends on the "type" that the schema gives the dimension:

    date       20130601 or 2013-06-01 is that day with all its builds, 20130601030203
               the second. today, yesterday and -7d (seven days before today) are days
               of UTC, counted from --now
    version    24 is every version 24: 24.0a1, 24.0, 24.0.1. 24.0 is that one alone, and
               24.0a1 < 24.0b3 < 24.0 < 24.0.1
    number     7, -7, 7.5
    string     letter by letter; so are values without a type, which have no ranges

OTHER and values that are not of the type are in no range. A value that the schema
would never store is a mistake. Spelling is that of the store: saved-session is
saved_session.

A JSON document has the grammar of 2013:

    {"version": 1, "dimensions": [
      {"field_name": "appName",    "allowed_values": ["Firefox", "Fennec"]},
      {"field_name": "appVersion", "allowed_values": {"min": "24", "max": "28"}},
      {"field_name": "reason",     "allowed_values": {"not": ["OTHER"]}}]}

Its values are just these values: "20130607" as a max leaves out 20130607030203. It is
"*" that stands for anything, and [] for nothing. Bounds compare by the type; without
one, byte by byte. A range may be one of a list; {"all": [...]} is what several have
in common.
`

// parseFilters joins the filters that were asked for. What has an operator is an expression, unless there is a file of that
// name; anything else names a file. What is odd in a document is told on warnings.
func parseFilters(texts []string, o filter.Options, warnings io.Writer) (filter.Filter, error) {
	var all filter.Filter
	for _, text := range texts {
		f, err := parseFilter(text, o, warnings)
		if err != nil {
			return nil, err
		}
		all = all.Intersect(f)
	}
	return all, nil
}

func parseFilter(text string, o filter.Options, warnings io.Writer) (filter.Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, usagef("--filter: the filter is empty").hint("without --filter everything is selected; mr help filter tells how filters are written")
	}
	info, err := os.Stat(text)
	isFile := err == nil && !info.IsDir()
	if !isFile && strings.ContainsAny(text, "=<>~!") {
		f, err := o.ParseExpr(text)
		if wrong, ok := errors.AsType[*filter.SyntaxError](err); ok {
			return nil, usagef("--filter: %v", wrong).hint(wrong.Hint)
		}
		return f, err
	}
	doc, err := os.ReadFile(text)
	if err != nil {
		return nil, usagef("--filter: %v", err).hint("an expression looks like appName=Firefox; what has no = is the name of a JSON document")
	}
	const most = 5
	n := 0
	o.Warn = func(odd *filter.DocumentError) {
		if n++; n > most {
			return
		}
		fmt.Fprintf(warnings, "mr: warning: %s:%v\n", text, odd)
		if odd.Hint != "" {
			fmt.Fprintf(warnings, "mr: hint: %s\n", odd.Hint)
		}
	}
	f, err := o.Parse(doc)
	if err != nil {
		return nil, documentError(text, err)
	}
	if n > most {
		fmt.Fprintf(warnings, "mr: warning: %s: %d more such places\n", text, n-most)
	}
	return f, nil
}

// parseSchema reads the file of --schema.
func parseSchema(name string) (*storage.Schema, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("reading the schema: %v", err)
	}
	schema, err := storage.ParseSchema(text)
	if err != nil {
		return nil, documentError(name, err)
	}
	return schema, nil
}

// documentError tells what is wrong with a JSON document, and where.
func documentError(name string, err error) error {
	if at, ok := errors.AsType[*filter.DocumentError](err); ok {
		return usagef("%s:%v", name, err).hint(at.Hint) // which begins with line and column
	}
	return usagef("%s: %v", name, err)
}

// A moment is a flag that is a day, at its beginning in UTC, or a time: "2013-06-01", "20130601", "2013-06-01T12:00:00Z".
type moment struct{ time.Time }

func (m *moment) String() string { return m.Format(time.RFC3339) }

func (m *moment) Set(text string) error {
	for _, form := range []string{time.DateOnly, "20060102", time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return errors.New("a time is written 2013-06-01, 20130601 or 2013-06-01T12:00:00Z")
}
