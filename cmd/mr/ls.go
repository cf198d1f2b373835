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
	tree, err := store.open()
	if err != nil {
		return err
	}
	defer tree.Close()
	f, err := store.filter()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(env.stdout)
	n := 0
	for file, err := range tree.Files(f) {
		if stray, ok := errors.AsType[*storage.StrayError](err); ok {
			fmt.Fprintf(env.stderr, "mr: not read: %s: %s\n", stray.Path, stray.Reason)
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
	if n == 0 {
		return mapreduce.ErrNoInput
	}
	return nil
}

func (s *storeFlags) open() (*storage.Tree, error) {
	schema, err := s.readSchema()
	if err != nil {
		return nil, err
	}
	if schema == nil {
		return storage.Open(s.data)
	}
	return storage.OpenWith(s.data, schema)
}
