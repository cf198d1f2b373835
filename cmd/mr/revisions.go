package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

const revisionsUsage = `usage: mr revisions fetch [flags] URL...

Fetches the histogram definitions of source revisions into a directory, so that
converting pings and running jobs need no network. A URL is what pings have in
info.revision, https://HOST/REPO/rev/NODE; the argument - stands for URLs on standard
input, one a line. What the directory has already is not asked for again.

Prints for each revision: URL, file, definitions, how many of these cannot be used;
TAB between them.

    --dir DIR         the directory, which is made if there is none (default:
                      revisions)
    --server URL      the Mercurial web server to ask, or a mirror of it
                      (default ` + revision.DefaultServer + `)
    --host NAME       a host that URLs may name; may be given several times
                      (default hg.mozilla.org)
    --constants FILE  numbers for names that definitions have in their place, as JSON:
                      {"mozilla::MAX_ID": 12}
    --timeout D       how long to wait for an answer (default 30s)

Exit status: 0 done, 1 a revision has no definitions or the server failed, 2 wrong
usage, 130 interrupted.
`

func revisions(ctx context.Context, env env, args []string) error {
	if len(args) > 0 && args[0] == "fetch" {
		return fetchRevisions(ctx, env, args[1:])
	}
	if env.flags != nil {
		return fetchRevisions(ctx, env, nil) // its flags are those of the verb
	}
	if done, err := parse(env, newFlags("revisions"), revisionsUsage, args); done || err != nil {
		return err
	}
	return usagef("revisions is followed by what to do: fetch").hint("mr help revisions tells more")
}

func fetchRevisions(ctx context.Context, env env, args []string) error {
	o := revision.Options{Dir: "revisions", Server: revision.DefaultServer, Timeout: 30 * time.Second}
	var definitions definitionFlags
	fs := newFlags("revisions")
	fs.StringVar(&o.Dir, "dir", o.Dir, "")
	fs.StringVar(&o.Server, "server", o.Server, "")
	fs.Var((*duration)(&o.Timeout), "timeout", "")
	definitions.register(fs)
	if done, err := parse(env, fs, revisionsUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return usagef("no revision was named").hint("a revision looks like https://hg.mozilla.org/mozilla-central/rev/26cb30a532a1; - reads them from standard input")
	}
	for _, arg := range fs.Args() {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return usagef("the flag %s comes behind a URL", arg).hint("mr revisions fetch [flags] URL...; flags come before URLs")
		}
	}
	if o.Server == "" || o.Dir == "" {
		return usagef("--server and --dir are not empty")
	}
	urls, err := readURLs(fs.Args(), os.Stdin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return err
	}
	cache, err := definitions.open(o)
	if err != nil {
		return err
	}
	defer func() { _ = cache.Close() }() // all files are closed

	failed, inTrouble := 0, false
	for _, url := range urls {
		defs, err := cache.Definitions(ctx, url)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(env.stderr, "mr: %s\n", printable(err.Error()))
			_, trouble := errors.AsType[*revision.ServerError](err)
			inTrouble = inTrouble || trouble
			failed++
			continue
		}
		id, _ := revision.ParseID(url) // as the cache did
		faults := slices.Collect(defs.Faults())
		usable := len(slices.Collect(defs.All()))
		if _, err := fmt.Fprintf(env.stdout, "%s\t%s\t%d\t%d\n", url, id.File(), usable+len(faults), len(faults)); err != nil {
			return fmt.Errorf("writing list: %w", err)
		}
		for _, fault := range faults[:min(5, len(faults))] {
			fmt.Fprintf(env.stderr, "mr: %s: %v\n", url, fault)
		}
	}
	if failed == 0 {
		return nil
	}
	err = fmt.Errorf("no definitions of %d of %d revisions", failed, len(urls))
	if inTrouble {
		err = &curable{err, "try again later; --server names another server, --timeout waits longer"}
	}
	return err
}

// readURLs puts the lines of stdin in the place of the argument -, and leaves out what comes twice.
func readURLs(args []string, stdin io.Reader) ([]string, error) {
	var urls []string
	for _, arg := range args {
		if arg != "-" {
			urls = append(urls, arg)
			continue
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			if url := strings.TrimSpace(lines.Text()); url != "" {
				urls = append(urls, url)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(urls, func(url string) bool {
		again := seen[url]
		seen[url] = true
		return again
	}), nil
}
