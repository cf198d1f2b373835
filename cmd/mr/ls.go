package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/telemetry-mr/mr/mapreduce"
)

const lsUsage = `usage: mr ls [flags]

Lists the files that run would read with the same flags, one a line: path, the values
of the dimensions, size in bytes; TAB between them.

` + storeUsage + `    --explain         tell instead what run would do: for each dimension how many names
                      there are, pruned by the filter, stray, and selected; then files
                      and bytes, their codecs, and what damage these cannot show
    --names           with --explain: name directories, stray files, and those in which
                      damage can go unnoticed

` + statusUsage

func list(ctx context.Context, env env, args []string) error {
	var store storeFlags
	fs := newFlags("ls")
	store.register(fs)
	explaining := fs.Bool("explain", false, "")
	names := fs.Bool("names", false, "")
	if done, err := parse(env, fs, lsUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usagef("ls takes no arguments: %q", fs.Arg(0))
	}
	if *names && !*explaining {
		return usagef("--names goes with --explain")
	}
	tree, f, err := store.open(env.stderr)
	if err != nil {
		return err
	}
	defer tree.Close()
	if *explaining {
		return explain(ctx, env, tree, f, *names)
	}
	w := bufio.NewWriter(env.stdout)
	sel := newSelection(tree, f)
	for file, err := range sel.files() {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%d\n", file.Path, file.Dims, file.Size); err != nil {
			return written(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return written(err)
	}
	sel.warn(env)
	if sel.count == 0 {
		return mapreduce.ErrNoInput
	}
	return nil
}
