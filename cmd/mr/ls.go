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

` + storeUsage + `
` + statusUsage

func list(ctx context.Context, env env, args []string) error {
	var store storeFlags
	fs := newFlags("ls")
	store.register(fs)
	if done, err := parse(env, fs, lsUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usagef("ls takes no arguments: %q", fs.Arg(0))
	}
	tree, f, err := store.open(env.stderr)
	if err != nil {
		return err
	}
	defer tree.Close()
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
