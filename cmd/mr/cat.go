package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

const catUsage = `usage: mr cat [flags] [FILE...]

Writes the records of the files that run would read with the same flags to standard
output, in the order of the files: key, TAB, value, a line each, whatever the files
are compressed with. With FILE, it writes those of these files, found from --data on,
as ls prints them.

` + storeUsage + `    --max-bad N|P%    bad records to put up with; they are left out and told on standard
                      error (default 0)
    --max-record SIZE longest record (default 16MiB)

    $ mr cat --data store --filter appName=Fennec | cut -f 2 | jq .info.OS | sort -u

What comes before a bad record or a damaged file has been written when it is found.

` + statusUsage

func concatenate(ctx context.Context, env env, args []string) error {
	var store storeFlags
	maxBad, maxRecord := "0", size(0)
	fs := newFlags("cat")
	store.register(fs)
	fs.StringVar(&maxBad, "max-bad", maxBad, "")
	fs.Var(&maxRecord, "max-record", "")
	if done, err := parse(env, fs, catUsage, args); done || err != nil {
		return err
	}
	budget, err := mapreduce.ParseBudget(maxBad)
	if err != nil {
		return usagef("--max-bad: %v", err)
	}
	if isClosed(env.stdout) {
		return usagef("standard output is closed, and records are to go there")
	}
	c := &concatenation{ctx: ctx, env: env, out: bufio.NewWriterSize(env.stdout, 256<<10), budget: budget}
	c.options.MaxRecordBytes = int(maxRecord)
	if fs.NArg() > 0 {
		if len(store.filters) > 0 {
			return usagef("--filter selects files of a store; it does not go with FILE")
		}
		err = c.named(store.data, fs.Args())
	} else {
		err = c.selected(&store)
	}
	if flushed := written(c.out.Flush()); err == nil {
		err = flushed
	}
	return err
}

// A concatenation writes the records of one file after the other.
type concatenation struct {
	ctx     context.Context
	env     env
	out     *bufio.Writer
	options storage.ReadOptions
	budget  mapreduce.Budget

	lines, bad int64
}

// selected writes the records of the files that the flags select.
func (c *concatenation) selected(flags *storeFlags) error {
	tree, f, err := flags.open(c.env.stderr)
	if err != nil {
		return err
	}
	defer tree.Close()
	sel := newSelection(tree, f)
	var files []storage.File
	for file, err := range sel.files() {
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	sel.warn(c.env)
	if len(files) == 0 {
		return mapreduce.ErrNoInput
	}
	for _, file := range files {
		if err := c.file(file.Open(c.options)); err != nil {
			return err
		}
	}
	return c.end()
}

// named writes the records of files of these names, found from dir on.
func (c *concatenation) named(dir string, names []string) error {
	for _, name := range names {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		if err := c.file(storage.OpenRecords(name, c.options)); err != nil {
			return err
		}
	}
	return c.end()
}

// file writes the records of one file, which it closes.
func (c *concatenation) file(r *storage.Reader, err error) error {
	if err != nil {
		return err
	}
	defer r.Close() // reading only: there is nothing to lose
	for rec, err := range r.Records() {
		c.lines++
		if bad, ok := errors.AsType[*storage.SyntaxError](err); ok {
			if err := c.badRecord(bad); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		_, _ = c.out.Write(rec.Key) // errors stick to the last write
		_ = c.out.WriteByte('\t')
		_, _ = c.out.Write(rec.Value)
		if err := c.out.WriteByte('\n'); err != nil {
			return written(err)
		}
		if c.lines%1024 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
	}
	return c.ctx.Err()
}

// badRecord tells of a bad record; one too many is an error.
func (c *concatenation) badRecord(bad *storage.SyntaxError) error {
	const most = 10
	c.bad++
	if c.budget.Percent == 0 && c.budget.Exceeded(c.bad, c.lines) {
		return bad
	}
	if c.bad <= most {
		fmt.Fprintf(c.env.stderr, "mr: left out: %v\n", bad)
	}
	return nil
}

// end tells of all bad records, if there are any.
func (c *concatenation) end() error {
	if c.bad == 0 {
		return nil
	}
	msg := fmt.Sprintf("%d of %d records were bad and left out", c.bad, c.lines)
	if c.budget.Exceeded(c.bad, c.lines) {
		return &mapreduce.TaskError{BadData: true, Msg: msg + ", more than allowed"}
	}
	fmt.Fprintf(c.env.stderr, "mr: %s\n", msg)
	return nil
}
