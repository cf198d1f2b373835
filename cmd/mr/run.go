package main

import (
	"context"
	"errors"
	"io"

	"github.com/telemetry-mr/mr/mapreduce"
)

const runUsage = `usage: mr run [flags] JOB [ARGS...]

Runs the job program JOB over the records of a store and writes its rows, sorted by
key. The output appears only if the run succeeds, and is the same for any number of
workers, partitions and any memory.

` + storeUsage + `    --output FILE     where the rows go (default: standard output, when all are there)
    --format tsv|csv|jsonl
                      how rows are written (default: what the extension of FILE says,
                      also before .gz or .zst, else tsv)
    --workers N       processes that do the work (default: one for each processor)
    --partitions N    reduce tasks (default: by size)
    --memory SIZE     for all processes together, at least 128MiB (default: half of
                      what is available)
    --work-dir DIR    where the run keeps its own files (default: beside the output,
                      or the temporary directory)
    --max-bad N|P%    bad records to put up with (default 0)
    --max-record SIZE longest record (default 16MiB)
    --record-timeout D
                      a worker that gets no further for so long is stopped (default 1m)
    --start-timeout D a worker that has not called mapreduce.Serve by then is stopped
                      (default 30s)
    --stats           the account of the run, as a table on standard error (default: if
                      that is a terminal, and the run succeeds)
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

func runJob(ctx context.Context, env env, args []string) error {
	var store storeFlags
	var memory, maxRecord size
	var maxBad string
	var quiet bool
	var stats optionalBool
	cfg := mapreduce.Config{Stdout: env.stdout, Stderr: env.stderr}
	fs := newFlags("run")
	store.register(fs)
	fs.StringVar(&cfg.Output, "output", "", "")
	fs.Func("format", "", func(s string) (err error) {
		cfg.Format, err = mapreduce.ParseFormat(s)
		return err
	})
	fs.IntVar(&cfg.Workers, "workers", 0, "")
	fs.IntVar(&cfg.Partitions, "partitions", 0, "")
	fs.Var(&memory, "memory", "")
	fs.StringVar(&cfg.WorkDir, "work-dir", "", "")
	fs.StringVar(&maxBad, "max-bad", "0", "")
	fs.Var(&maxRecord, "max-record", "")
	fs.DurationVar(&cfg.RecordTimeout, "record-timeout", 0, "")
	fs.DurationVar(&cfg.StartTimeout, "start-timeout", 0, "")
	fs.Var(&stats, "stats", "")
	fs.BoolVar(&quiet, "quiet", false, "")
	if done, err := parse(env, fs, runUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return usagef("no job program was named").hint("mr run [flags] JOB [ARGS...]; flags come before JOB")
	}
	jobArgs, err := argsOfJob(fs)
	if err != nil {
		return err
	}
	cfg.Data, cfg.Memory, cfg.MaxRecord = store.data, int64(memory), int64(maxRecord)
	if cfg.MaxBad, err = mapreduce.ParseBudget(maxBad); err != nil {
		return usagef("--max-bad: %v", err)
	}
	if cfg.RecordTimeout < 0 || cfg.StartTimeout < 0 {
		return usagef("a timeout cannot be negative")
	}
	warnings := env.stderr
	if quiet {
		warnings = io.Discard
	}
	tree, f, err := store.open(warnings)
	if err != nil {
		return err
	}
	cfg.Schema, cfg.Filter = tree.Schema(), f
	_ = tree.Close() // the run opens it
	if err := checkOutput(cfg); err != nil {
		return err
	}
	program, remove, err := jobProgram(ctx, env, fs.Arg(0))
	if err != nil {
		return err
	}
	defer remove()
	var line *progressLine
	if !quiet {
		line = newProgressLine(env.stderr)
	}
	if line != nil {
		cfg.Progress, cfg.Stderr, cfg.Stdout = line.draw, line.above(env.stderr), line.instead(env.stdout)
	}
	if !quiet {
		cfg.Planned = func(s mapreduce.Stats) { warnUnmatched(cfg.Stderr, s.Unmatched) }
	}
	account, err := mapreduce.Run(ctx, mapreduce.Command(program, jobArgs...), cfg)
	if line != nil {
		line.end()
	}
	if err == nil && !quiet {
		warn(env, account)
	}
	if stats.or(err == nil && !quiet && isTerminal(env.stderr)) {
		summarize(env.stderr, account)
	}
	if errors.Is(err, mapreduce.ErrNoInput) {
		if quiet { // else it has been told
			warnUnmatched(env.stderr, account.Unmatched)
		}
		warnStrays(env, account.Strays)
	}
	if errors.Is(err, context.Canceled) && cfg.Output != "" {
		return errOutputKept
	}
	return misplaced(err, fs)
}
