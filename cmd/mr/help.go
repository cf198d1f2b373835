package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

const helpUsage = `usage: mr help [VERB]

Tells what a verb does and which flags it has, as mr VERB -h does; or, for the
word filter, how files are selected. Without a verb, lists all.
`

// topics are what help tells besides verbs.
var topics = map[string]string{"filter": filterHelp}

func help(_ context.Context, env env, args []string) error {
	fs := newFlags("help")
	if done, err := parse(env, fs, helpUsage, args); done || err != nil {
		return err
	}
	switch fs.NArg() {
	case 0:
		return page(env.stdout, overview())
	case 1:
		if text, ok := topics[fs.Arg(0)]; ok {
			return page(env.stdout, text)
		}
		v, err := verbNamed(fs.Arg(0))
		if err != nil {
			return err
		}
		return page(env.stdout, v.usage)
	}
	return usagef("help takes one verb: %q", fs.Args())
}

// overview is the help that lists the verbs.
func overview() string {
	var b strings.Builder
	b.WriteString("usage: mr VERB [flags] [arguments]\n\nMapReduce over files of JSON records, on one machine.\n")
	for _, group := range []group{forAnalysts, forOperators, forAll} {
		fmt.Fprintf(&b, "\n%s:\n", group)
		for _, v := range verbs() {
			if v.group == group {
				fmt.Fprintf(&b, "    mr %-11s %s\n", v.name, v.summary)
			}
		}
	}
	b.WriteString(`
mr help VERB tells what a verb does, mr help filter how files are selected.

In cron, mr run --data STORE --output FILE --quiet JOB replaces FILE as a whole, or
leaves it as it is and says why on standard error.

` + statusUsage)
	return b.String()
}

// page prints a text for people.
func page(w io.Writer, text string) error { return write(w, fit(text)) }

// write prints what was asked for. It is an error if nobody can have got it.
func write(w io.Writer, text string) error {
	if isClosed(w) {
		return errors.New("writing: standard output is closed")
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
