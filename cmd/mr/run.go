package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
)

const runUsage = `usage: mr run [flags] JOB [ARGS...]

Runs the job program JOB over the records of a store and writes its rows, sorted by
key. The output appears only if the run succeeds, and is the same for any number of
workers, partitions and any memory.

` + storeUsage + `    --output FILE     where the rows go (default: standard output, when all are there)
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
    --quiet           say nothing about a run that succeeds

JOB is a Go program that calls mapreduce.Serve. ARGS are its own arguments.

    $ go build -o osdistribution ./examples/osdistribution
    $ mr run --data store --filter 'appName=Firefox' --output os.tsv ./osdistribution

` + statusUsage

func runJob(ctx context.Context, env env, args []string) error {
	var store storeFlags
	var memory, maxRecord size
	var maxBad string
	var quiet bool
	cfg := mapreduce.Config{Stdout: env.stdout, Stderr: env.stderr}
	fs := newFlags("run")
	store.register(fs)
	fs.StringVar(&cfg.Output, "output", "", "")
	fs.IntVar(&cfg.Workers, "workers", 0, "")
	fs.IntVar(&cfg.Partitions, "partitions", 0, "")
	fs.Var(&memory, "memory", "")
	fs.StringVar(&cfg.WorkDir, "work-dir", "", "")
	fs.StringVar(&maxBad, "max-bad", "0", "")
	fs.Var(&maxRecord, "max-record", "")
	fs.DurationVar(&cfg.RecordTimeout, "record-timeout", 0, "")
	fs.BoolVar(&quiet, "quiet", false, "")
	if done, err := parse(env, fs, runUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return usagef("no job program was named").hint("mr run [flags] JOB [ARGS...]; flags come before JOB")
	}
	var err error
	cfg.Data, cfg.Memory, cfg.MaxRecord = store.data, int64(memory), int64(maxRecord)
	if cfg.MaxBad, err = mapreduce.ParseBudget(maxBad); err != nil {
		return usagef("--max-bad: %v", err)
	}
	if cfg.Schema, err = store.readSchema(); err != nil {
		return err
	}
	if cfg.Filter, err = store.filter(); err != nil {
		return err
	}
	job := mapreduce.Command(program(fs.Arg(0)), fs.Args()[1:]...)
	stats, err := mapreduce.Run(ctx, job, cfg)
	if err != nil {
		return err
	}
	if !quiet {
		warn(env, stats)
	}
	return nil
}

// program is where a job program is: a name without a slash is looked up as a shell does, then in the current directory.
func program(name string) string {
	if !strings.ContainsRune(name, '/') {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return name
}

// warn says what a person should know of a run that succeeded: what was not read, and why.
func warn(env env, s mapreduce.Stats) {
	if s.Bad > 0 {
		fmt.Fprintf(env.stderr, "mr: %d of %d records were bad and left out\n", s.Bad, s.Lines)
		for _, b := range s.BadRecords {
			fmt.Fprintf(env.stderr, "    %s:%d: %s\n", b.Path, b.Line, b.Reason)
		}
	}
	const most = 5
	for i, f := range s.Strays {
		if i == most {
			fmt.Fprintf(env.stderr, "mr: and %d more\n", len(s.Strays)-most)
			break
		}
		fmt.Fprintf(env.stderr, "mr: not read: %s: %s\n", f.Path, f.Reason)
	}
	if s.LostWorkers > 0 {
		fmt.Fprintf(env.stderr, "mr: %d workers were lost; their tasks were done again\n", s.LostWorkers)
	}
}
