package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

const ingestUsage = `usage: mr ingest [flags]

Turns raw logs, as mr receive and the servers of 2013 write them, into records of a
store: those that are finished. It may be killed at any moment; the next run goes on,
and each record is in the store once.

    --raw DIR         the raw logs (default: raw)
    --data DIR        the store (default: the current directory), which is made if
                      there is none. Raw logs are kept outside of it
    --schema FILE     the dimensions of a store that is made (default: the built-in
                      ones). A store that is there keeps its own
    --revisions FROM  definitions of histograms by revision: a directory with
                      REPO/NODE/Histograms.json in it, or the URL of a server. With
                      both, given one after the other, the directory keeps what the
                      server sends
    --host NAME       a host that the revisions of pings may name, as mr revisions fetch
                      has it; may be given several times (default hg.mozilla.org)
    --constants FILE  numbers for names that definitions have in their place, as JSON:
                      {"mozilla::MAX_ID": 12}
    --calendar FILE   revisions by channel and build, for pings that name none; their
                      records have "revisionFrom":"calendar" in their info
    --strict          refuse a ping if a histogram of it is not what its definition
                      says; else it is converted and counted
    --dedup WINDOW    leave out a document that came before in this time, by its id:
                      24h, 90m (default: none)
    --rejects DIR     where refused records are kept as they came, as
                      CATEGORY/*.finished, which are raw logs again (default: rejects, in the raw logs)
    --discard LIST    categories of which refused records are only counted
    --after move|remove|keep
                      what becomes of a raw log that is in the store; it is moved to
                      done, in the raw logs, if nothing is said
    --batch SIZE      raw logs that come into the store together (default 256MiB): less
                      needs less room while at work, more makes fewer files
    --workers N       batches at a time (default: the number of processors)
    --follow          go on with raw logs to come, until interrupted, also after a full
                      disk or a server of definitions that is down
    --wait D          with --follow, how long raw logs of less than a batch wait for
                      more (default 1m)
    --stats FILE      a line of counts a minute and one at the end is appended to it
                      (default: ingest-stats.jsonl, in the raw logs; "" for none)
    --quiet           no summary: how many records were read, written and refused, why,
                      and the place of the first of each category

A raw log that cannot be read, or has the name of another one that is in the store, is
left where it is, and said; all others are ingested.

Exit status: 0 done, or interrupted with --follow; 1 failed, or a raw log is left; 2 wrong
usage; 4 a raw log is damaged (the rest is in the store; with --follow, both are only said);
75 another program ingests into the store or from the raw logs; 130 interrupted.
`

// ingestMemory is where the collector begins to work harder.
const ingestMemory = 192 << 20

func ingestLogs(ctx context.Context, env env, args []string) error {
	var c ingest.Config
	var store storeFlags
	var revisions []string
	var definitions definitionFlags
	var calendar, discard, after string
	c.Wait = time.Minute
	batch := size(256 << 20)
	var quiet bool
	fl := newFlags("ingest")
	fl.StringVar(&c.Raw, "raw", "raw", "")
	fl.StringVar(&store.data, "data", ".", "")
	fl.StringVar(&store.schema, "schema", "", "")
	fl.Func("revisions", "", func(v string) error {
		revisions = append(revisions, v)
		return nil
	})
	definitions.register(fl)
	fl.StringVar(&calendar, "calendar", "", "")
	fl.BoolVar(&c.Strict, "strict", false, "")
	fl.Var((*duration)(&c.Dedup), "dedup", "")
	fl.StringVar(&c.Rejects, "rejects", "", "")
	fl.StringVar(&discard, "discard", "", "")
	fl.StringVar(&after, "after", "move", "")
	fl.Var(&batch, "batch", "")
	fl.IntVar(&c.Workers, "workers", 0, "")
	fl.BoolVar(&c.Follow, "follow", false, "")
	fl.Var((*duration)(&c.Wait), "wait", "")
	fl.StringVar(&c.Stats, "stats", "", "")
	fl.BoolVar(&quiet, "quiet", false, "")
	if done, err := parse(env, fl, ingestUsage, args); done || err != nil {
		return err
	}
	switch {
	case fl.NArg() > 0:
		return usagef("ingest takes flags only, not %q", fl.Arg(0)).hint("--raw names the directory of raw logs")
	case c.Dedup < 0 || c.Wait < 0 || c.Workers < 0 || batch <= 0:
		return usagef("--dedup, --wait, --workers and --batch are not negative, and a batch is not empty")
	}
	var ok bool
	if c.After, ok = map[string]ingest.Disposal{"move": ingest.Move, "remove": ingest.Remove, "keep": ingest.Keep}[after]; !ok {
		return usagef("--after is move, remove or keep, not %q", after)
	}
	if info, err := os.Stat(c.Raw); err != nil || !info.IsDir() {
		return usagef("there is no directory %s", c.Raw).hint("--raw names the directory of raw logs")
	}
	if discard != "" {
		c.Discard = strings.Split(discard, ",")
		for _, category := range c.Discard {
			if !slices.Contains(ingest.Categories(), category) {
				return usagef("--discard: there is no category %q", category).hint("the categories are " + strings.Join(ingest.Categories(), ", "))
			}
		}
	}
	if !isSet(fl, "stats") {
		c.Stats = filepath.Join(c.Raw, "ingest-stats.jsonl")
	}
	c.Batch = int64(batch)
	c.Log = func(message string) { fmt.Fprintf(env.stderr, "mr: %s\n", message) }

	var err error
	if c.Fallback, err = readCalendar(calendar); err != nil {
		return err
	}
	if c.Revisions, err = definitions.openFrom(revisions); err != nil {
		return err
	}
	if c.Revisions != nil {
		defer func() { _ = c.Revisions.Close() }() // nothing is written through it
	}
	for _, dir := range []string{c.Raw, c.Rejects} {
		if dir != "" && isWithin(dir, store.data) {
			return usagef("the raw logs in %s would be in the store, %s", dir, store.data).
				hint("--data names a directory for the store alone, such as --data store")
		}
	}
	if c.Store, err = store.openOrInit(); err != nil {
		return err
	}
	defer func() { _ = c.Store.Close() }()             // nothing is written through it
	if os.Getenv("GOMEMLIMIT") == "" && c.Dedup == 0 { // what is known of documents has no bound
		debug.SetMemoryLimit(ingestMemory)
	}
	counts, err := ingest.Run(ctx, c)
	if (err == nil || counts.Read > 0) && !quiet {
		summarise(env.stderr, &counts, len(revisions) > 0)
	}
	if n := unfinished(c.Raw); err == nil && counts.Segments == 0 && n > 0 && !quiet {
		fmt.Fprintf(env.stderr, "mr: hint: %d raw logs are not finished: a receiver writes to them, or left them for its next start\n", n)
	}
	if err == nil && counts.DamagedRanges > 0 && !c.Follow {
		return fmt.Errorf("%w; the rest is in the store", errDamaged)
	}
	return err
}

// summarise says what became of records: of those that were refused why, with an example of each category.
func summarise(w io.Writer, counts *ingest.Counts, hasRevisions bool) {
	fmt.Fprintf(w, "mr: %s\n", counts)
	for _, category := range slices.Sorted(maps.Keys(counts.Examples)) {
		fmt.Fprintf(w, "mr: first %s: %s\n", category, printable(counts.Examples[category].String()))
	}
	if 2*counts.For(convert.ForeignRevision) > counts.Refused() {
		fmt.Fprintln(w, "mr: hint: --host names the hosts that revisions may name; ingest what was refused again, --rejects says where it is")
	}
	switch missing := counts.For(convert.NoDefinitions); {
	case 2*missing <= counts.Refused():
	case hasRevisions:
		fmt.Fprintln(w, "mr: hint: mr revisions fetch gets definitions that --revisions has not; then ingest what was refused again, --rejects says where it is")
	default:
		fmt.Fprintln(w, "mr: hint: --revisions names the definitions of histograms, mr revisions fetch gets them; then ingest what was refused again, --rejects says where it is")
	}
}

// unfinished counts the raw logs of a directory that are not finished.
func unfinished(dir string) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0 // whoever needs it will tell
	}
	n := 0
	for _, e := range entries {
		if rawlog.FormatOf(e.Name()) != 0 && e.Name()[0] != '.' && !strings.HasSuffix(e.Name(), ".finished") {
			n++
		}
	}
	return n
}

// isStoreInUse tells whether another program ingests into the store, from the same raw logs, or keeps refused records there.
func isStoreInUse(err error) bool {
	_, ok := errors.AsType[*storage.InUseError](err)
	return ok
}

func isSet(fl *flag.FlagSet, name string) bool {
	set := false
	fl.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// readCalendar returns what a calendar resolves, nil without a file.
func readCalendar(name string) (func(channel, buildID, version string) (string, bool), error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("--calendar: %v", err)
	}
	calendar, err := revision.ParseCalendar(text)
	if err != nil {
		return nil, documentError(name, err)
	}
	return calendar.Resolve, nil
}
