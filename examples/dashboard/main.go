// Dashboard makes the static files of a telemetry dashboard from a store, a day at a time, and serves the page that draws them.
//
//	dashboard update --data STORE --state DIR --day yesterday
//	dashboard publish --state DIR --site DIR --definitions Histograms.json | --revisions DIR
//	dashboard serve SITE
//	dashboard demo
//
// The program is also the job: update runs itself as its workers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/mapreduce"
)

const usage = `usage: dashboard VERB [flags]

    update    adds up the pings of days of submission: a delta for each, kept in a state
    publish   makes the site, the files that a web server sends, of all deltas
    serve     serves a site and the page that draws it, to this machine only
    demo      makes a store, updates, publishes and serves, all in a new directory
    job       is what update runs in its workers, and mr run can run, too

dashboard VERB -h tells more.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no pings for these days, 4 bad data
beyond the budget, 75 in use by another run, 130 interrupted.
`

var verbs = map[string]func(ctx context.Context, args []string) error{
	"update":  update,
	"publish": publishSite,
	"serve":   serve,
	"demo":    demo,
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if os.Args[1] == "job" {
		// The job holds much and drops little: memory that is new costs it more than finding what it has dropped.
		debug.SetGCPercent(100)
		mapreduce.Serve(job.Job())
		return
	}
	verb, ok := verbs[os.Args[1]]
	if !ok {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := verb(ctx, os.Args[2:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
	}
	os.Exit(status(err))
}

// errUsage is wrong usage, of which package flag has told already.
var errUsage = errors.New("see -h")

func status(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, mapreduce.ErrNoInput):
		return 3
	case errors.Is(err, publish.ErrInUse):
		return 75
	case errors.Is(err, context.Canceled):
		return 130
	}
	if e, ok := errors.AsType[*mapreduce.TaskError](err); ok && e.BadData {
		return 4
	}
	if _, ok := errors.AsType[*mapreduce.InUseError](err); ok {
		return 75
	}
	return 1
}

func newFlags(verb string) *flag.FlagSet {
	fs := flag.NewFlagSet("dashboard "+verb, flag.ContinueOnError)
	fs.SetOutput(os.Stderr)
	return fs
}

func parse(fs *flag.FlagSet, args []string, want int) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w", errUsage)
	}
	if fs.NArg() != want {
		return fmt.Errorf("%s takes %d arguments: %w", fs.Name(), want, errUsage)
	}
	return nil
}
