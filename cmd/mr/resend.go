package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
	"github.com/telemetry-mr/mr/storage/resend"
)

const resendUsage = `usage: mr resend [flags] RAWLOG...

Posts the records of raw logs to a receiver, and says how many were answered how and in
what time. RAWLOG is a file of any format, a directory, of which the finished files
are taken, or - for standard input. Exit status 0 means that all were answered for
good; one may have been sent twice, if a connection broke.

    --to URL          in front of the path (default
                      http://localhost:8080/submit/telemetry/)
    --connections N   kept open and used at once (default 8)
    --rate N          records a second (default: as fast as they are answered)
    --sample P        send a part of the records only, from 0 to 1: 0.01 is one in a
                      hundred, by the hash of its path, always the same ones
    --repeat N        send it all N times (default 1)
    --forward         send each record's client address as X-Forwarded-For
    --tries N         of a record that gets no answer or 5xx (default 10)

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no records, 4 a raw log is damaged (the
rest of it was sent), 130 interrupted.
`

// errNoRecords is the end of a resend that had nothing to send.
var errNoRecords = errors.New("there are no records")

// errDamaged is the end of a verb that did not read all of its raw logs.
var errDamaged = errors.New("parts of the raw logs are damaged")

func resendLogs(ctx context.Context, env env, args []string) error {
	var o resend.Options
	repeat := 1
	fs := newFlags("resend")
	fs.StringVar(&o.To, "to", "http://localhost:8080/submit/telemetry/", "")
	fs.IntVar(&o.Connections, "connections", 8, "")
	fs.Float64Var(&o.Rate, "rate", 0, "")
	fs.Float64Var(&o.Sample, "sample", 1, "")
	fs.IntVar(&repeat, "repeat", 1, "")
	fs.BoolVar(&o.Forward, "forward", false, "")
	fs.IntVar(&o.Tries, "tries", 10, "")
	if done, err := parse(env, fs, resendUsage, args); done || err != nil {
		return err
	}
	switch {
	case fs.NArg() == 0:
		return usagef("resend needs a raw log").hint("mr resend RAWLOG...; mr help resend tells more")
	case !(o.Sample > 0 && o.Sample <= 1):
		return usagef("--sample is more than 0, at most 1")
	case !(o.Rate >= 0) || o.Connections < 1 || o.Connections > 10_000 || repeat < 1 || o.Tries < 1:
		return usagef("--rate is at least 0, --connections from 1 to 10000, --repeat and --tries at least 1")
	}
	names, err := rawLogs(fs.Args())
	if err != nil {
		return err
	}
	l := &logs{names: names, repeat: repeat, env: env}
	report, err := resend.Run(ctx, o, l.records, l.damage)
	printReport(env.stdout, report)
	switch {
	case err != nil:
		return err
	case l.damaged:
		return fmt.Errorf("%w; the rest was sent", errDamaged)
	case report.Records == 0:
		return errNoRecords
	}
	return nil
}

// rawLogs puts the finished files of directories in their place.
func rawLogs(args []string) ([]string, error) {
	var names []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if arg == "-" || err == nil && !info.IsDir() {
			names = append(names, arg)
			continue
		}
		if err != nil {
			return nil, usagef("%v", err)
		}
		finished, err := rawlog.Finished(arg)
		if err != nil {
			return nil, err
		}
		for _, name := range finished {
			names = append(names, filepath.Join(arg, name))
		}
	}
	return names, nil
}

// logs are the raw logs one behind the other.
type logs struct {
	names   []string
	repeat  int
	env     env
	current string
	damaged bool
}

func (l *logs) records(yield func(rawlog.Record, error) bool) {
	for range l.repeat {
		for _, name := range l.names {
			l.current = name
			if !l.file(name, yield) {
				return
			}
		}
	}
}

// file tells whether to go on.
func (l *logs) file(name string, yield func(rawlog.Record, error) bool) bool {
	var in io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return yield(rawlog.Record{}, err)
		}
		defer f.Close()
		in = f
	}
	for rec, err := range rawlog.NewReader(in, rawlog.Options{Claimed: rawlog.FormatOf(filepath.Base(name))}).Records() {
		if !yield(rec, err) {
			return false
		}
	}
	return true
}

func (l *logs) damage(d *rawlog.DamageError) {
	l.damaged = true
	fmt.Fprintf(l.env.stderr, "mr: %s: %v\n", l.current, d)
}

func printReport(w io.Writer, r resend.Report) {
	fmt.Fprintf(w, "records\t%d\nsent\t%d\nbytes\t%d\nretries\t%d\n", r.Records, r.Sent, r.Bytes, r.Retries)
	for _, status := range slices.Sorted(maps.Keys(r.Status)) {
		fmt.Fprintf(w, "status %d\t%d\n", status, r.Status[status])
	}
	seconds := r.Elapsed.Seconds()
	fmt.Fprintf(w, "seconds\t%.3f\nper second\t%.0f\n", seconds, float64(r.Sent)/max(seconds, 1e-9))
	for _, q := range []struct {
		name string
		d    time.Duration
	}{{"p50", r.P50}, {"p99", r.P99}, {"max", r.Max}} {
		fmt.Fprintf(w, "%s ms\t%.3f\n", q.name, float64(q.d)/float64(time.Millisecond))
	}
}
