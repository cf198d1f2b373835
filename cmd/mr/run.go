package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
)

const runUsage = `usage: mr run [flags] JOB [ARGS...]

Runs the job program JOB over the records of a store and writes its rows, sorted by
key. The output appears only if the run succeeds, and is the same for any number of
workers, partitions and any memory.

What to read:

` + storeUsage + `
Where the rows go:

    --output FILE     a file, which is replaced as a whole (default, or -: standard
                      output, which gets its first byte when the run has succeeded)
    --format tsv|csv|jsonl
                      how rows are written (default: what the extension of FILE says,
                      also before .gz or .zst, else tsv)

What it may use:

    --workers N       processes that do the work (default: one for each processor)
    --partitions N    reduce tasks (default: by size)
    --memory SIZE     for all processes together, at least 128MiB (default: half of
                      what is available)
    --work-dir DIR    where the run keeps its own files (default: beside the output,
                      or the temporary directory)

What it puts up with:

    --max-bad N|P%    bad records and damaged files that are left out (default 0):
                      so many in all, or their part of the input; a damaged file is
                      one, or its part of the files or bytes, whichever is more
    --quarantine DIR  what was left out goes there, just before the output appears:
                      quarantine.jsonl says what and why, quarantine.raw has the
                      records; a DIR of an earlier run is replaced
    --max-record SIZE longest record (default 16MiB)
    --record-timeout D
                      a worker that gets no further for so long is stopped (default
                      1m); a record that does so alone in a fresh worker is bad, like
                      one that ends or crashes it
    --start-timeout D a worker that has not called mapreduce.Serve by then is stopped
                      (default 30s)

What it tells:

    --stats           the account of the run, as a table on standard error (default: if
                      that is a terminal, and the run succeeds)
    --report FILE     the account as JSON, also of a run that fails: inputs with
                      checksums, job, counters, times, memory, error, exit status
    --profile DIR     CPU and heap profiles of the workers; for those of all together:
                      go tool pprof DIR/*.cpu.pprof
    --quiet           no progress, no account, and no warnings of a run that succeeds

JOB is a Go program that calls mapreduce.Serve, or the directory of its package, which
is then built first. A name without a slash means the directory of that name here; if
there is none, the program in PATH; if there is none, the file here.

ARGS are the job's own arguments; a first one that is spelled like a flag of mr
stands behind a --. What a job needs to know comes that way: of the environment it
gets PATH HOME TMPDIR LANG LC_* TZ USER XDG_CACHE_HOME and Go's own GODEBUG
GOTRACEBACK GOCOVERDIR GOGC GOMAXPROCS GORACE, nothing else.

    $ mr run --data store --filter 'appName=Firefox' --output os.tsv ./osdistribution

` + statusUsage

// A jobRun is one use of the verb run.
type jobRun struct {
	env     env
	flags   *flag.FlagSet
	store   storeFlags
	cfg     mapreduce.Config
	quiet   bool
	stats   optionalBool
	report  string
	job     string
	args    []string // of the job
	account mapreduce.Stats
}

func runJob(ctx context.Context, env env, args []string) error {
	r := &jobRun{env: env, cfg: mapreduce.Config{Stdout: env.stdout, Stderr: env.stderr}}
	if done, err := r.parse(args); done || err != nil {
		return err
	}
	if r.report == "" {
		return r.run(ctx)
	}
	if err := tryReport(r.report); err != nil {
		return err
	}
	r.cfg.Receipt = true
	began := time.Now()
	err := r.run(ctx)
	return r.writeReport(began, err)
}

func (r *jobRun) parse(args []string) (done bool, err error) {
	var memory, maxRecord size
	var maxBad string
	fs := newFlags("run")
	r.flags = fs
	r.store.register(fs)
	fs.StringVar(&r.cfg.Output, "output", "", "")
	fs.Func("format", "", func(s string) (err error) {
		r.cfg.Format, err = mapreduce.ParseFormat(s)
		return err
	})
	fs.IntVar(&r.cfg.Workers, "workers", 0, "")
	fs.IntVar(&r.cfg.Partitions, "partitions", 0, "")
	fs.Var(&memory, "memory", "")
	fs.StringVar(&r.cfg.WorkDir, "work-dir", "", "")
	fs.StringVar(&maxBad, "max-bad", "0", "")
	fs.StringVar(&r.cfg.Quarantine, "quarantine", "", "")
	fs.Var(&maxRecord, "max-record", "")
	fs.Var((*duration)(&r.cfg.RecordTimeout), "record-timeout", "")
	fs.Var((*duration)(&r.cfg.StartTimeout), "start-timeout", "")
	fs.StringVar(&r.report, "report", "", "")
	fs.StringVar(&r.cfg.Profile, "profile", "", "")
	fs.Var(&r.stats, "stats", "")
	fs.BoolVar(&r.quiet, "quiet", false, "")
	if done, err := parse(r.env, fs, runUsage, args); done || err != nil {
		return done, err
	}
	if fs.NArg() == 0 {
		return false, usagef("no job program was named").hint("mr run [flags] JOB [ARGS...]; flags come before JOB")
	}
	r.job = fs.Arg(0)
	if r.args, err = argsOfJob(fs); err != nil {
		return false, err
	}
	if r.cfg.Output == "-" {
		r.cfg.Output = ""
	}
	if r.report == "-" {
		return false, usagef("--report: - is not the name of a file").hint("standard output is for rows; ./- is a file of that name")
	}
	r.cfg.Data, r.cfg.Memory, r.cfg.MaxRecord = r.store.data, int64(memory), int64(maxRecord)
	if r.cfg.MaxBad, err = mapreduce.ParseBudget(maxBad); err != nil {
		return false, usagef("--max-bad: %v", err)
	}
	if r.cfg.RecordTimeout < 0 || r.cfg.StartTimeout < 0 {
		return false, usagef("a timeout cannot be negative")
	}
	return false, nil
}

func (r *jobRun) run(ctx context.Context) error {
	warnings := r.env.stderr
	if r.quiet {
		warnings = io.Discard
	}
	tree, f, err := r.store.open(warnings)
	if err != nil {
		return err
	}
	r.cfg.Schema, r.cfg.Filter = tree.Schema(), f
	_ = tree.Close() // the run opens it
	if err := r.checkPlaces(); err != nil {
		return err
	}
	program, remove, err := jobProgram(ctx, r.env, r.job)
	if err != nil {
		return err
	}
	defer remove()
	if err := r.checkProgram(program); err != nil {
		return err
	}
	err = r.watched(func() (err error) {
		r.account, err = mapreduce.Run(ctx, mapreduce.Command(program, r.args...), r.cfg)
		return err
	})
	if err == nil && !r.quiet {
		warn(r.env, r.account)
	}
	if r.stats.or(err == nil && !r.quiet && isTerminal(r.env.stderr)) {
		summarize(r.env.stderr, r.account)
	}
	if errors.Is(err, mapreduce.ErrNoInput) {
		if r.quiet { // else it has been told
			warnUnmatched(r.env.stderr, r.account.Unmatched)
		}
		warnStrays(r.env, r.account.Strays)
	}
	if errors.Is(err, context.Canceled) && r.cfg.Output != "" {
		return errOutputKept
	}
	return misplaced(err, r.flags)
}

// watched calls run with what it tells while it is under way: what its filter does not match, and a progress line, if there is
// to be one.
func (r *jobRun) watched(run func() error) error {
	if r.quiet {
		return run()
	}
	r.cfg.Planned = func(s mapreduce.Stats) { warnUnmatched(r.cfg.Stderr, s.Unmatched) }
	if line := newProgressLine(r.env.stderr); line != nil {
		defer line.end()
		r.cfg.Progress, r.cfg.Stderr, r.cfg.Stdout = line.draw, line.above(r.env.stderr), line.instead(r.env.stdout)
	}
	return run()
}
