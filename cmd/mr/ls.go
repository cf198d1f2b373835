package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
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
	n := 0
	var strays []mapreduce.Stray
	for file, err := range tree.Files(f) {
		if stray, ok := errors.AsType[*storage.StrayError](err); ok {
			strays = append(strays, mapreduce.Stray{Path: stray.Path, Reason: stray.Reason})
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%d\n", file.Path, file.Dims, file.Size)
		n++
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing list: %w", err)
	}
	warnStrays(env, strays)
	if n == 0 {
		return mapreduce.ErrNoInput
	}
	return nil
}

// warnStrays tells of the first few files that are in a store and no part of it.
func warnStrays(env env, strays []mapreduce.Stray) {
	const most = 5
	for _, f := range strays[:min(most, len(strays))] {
		fmt.Fprintf(env.stderr, "mr: not read: %s: %s\n", printable(f.Path), printable(f.Reason))
	}
	if n := len(strays) - most; n > 0 {
		fmt.Fprintf(env.stderr, "mr: not read: %d more such files\n", n)
	}
}
