package main

import (
	"context"

	"github.com/telemetry-mr/mr/storage"
)

const initUsage = `usage: mr init [--schema FILE] DIR

Makes an empty store in DIR, which must not exist or be empty.

    --schema FILE     the dimensions of the store and, with "layout", where in a path
                      their values stand (default: the built-in schema: reason appName
                      appUpdateChannel appVersion appBuildID submission_date)
`

func initStore(_ context.Context, env env, args []string) error {
	var store storeFlags
	fs := newFlags("init")
	fs.StringVar(&store.schema, "schema", "", "")
	if done, err := parse(env, fs, initUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return usagef("init takes one argument, the directory to make").hint("mr init [--schema FILE] DIR; flags come before DIR")
	}
	schema, err := store.readSchema()
	if err != nil {
		return err
	}
	tree, err := storage.Init(fs.Arg(0), schema)
	if err != nil {
		return err
	}
	return tree.Close()
}
