package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/compact"
)

const compactUsage = `usage: mr compact [flags]

Makes few large files of the many small ones with the same dimensions, while others
read the store. A run that begins meanwhile finds each record once; one that began
before fails if a file it needs has been replaced, and can be started again. The
records are the same, as is their order in files that become one.

` + storeUsage + `    --max-size SIZE   files become one of at most this size, stored; those of more than
                      half of it stay (default 256MiB)
    --quiet           no summary

It may be killed at any moment; the next compact or ingest goes on. Files of dimensions
of which one is damaged stay as they are.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no file matched, 4 a file is damaged,
75 another program ingests into the store or compacts it, 130 interrupted.
`

func compactStore(ctx context.Context, env env, args []string) error {
	var store storeFlags
	maxSize := size(256 << 20)
	fs := newFlags("compact")
	store.register(fs)
	fs.Var(&maxSize, "max-size", "")
	quiet := fs.Bool("quiet", false, "")
	if done, err := parse(env, fs, compactUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usagef("compact takes flags only, not %q", fs.Arg(0)).hint("--data names the directory of the store")
	}
	if maxSize <= 0 {
		return usagef("--max-size is not zero")
	}
	tree, f, err := store.open(env.stderr)
	if err != nil {
		return err
	}
	defer tree.Close()
	if err := store.isOwnSchema(tree); err != nil {
		return err
	}
	sel := newSelection(tree, f)
	counts, err := compact.Run(ctx, compact.Config{
		Store: tree, Files: sel.files(), MaxBytes: int64(maxSize),
		Log: func(message string) { fmt.Fprintf(env.stderr, "mr: %s\n", printable(message)) },
	})
	sel.warn(env)
	if err == nil && counts.Files == 0 {
		return mapreduce.ErrNoInput
	}
	if !*quiet && (err == nil || counts.Old > 0 || counts.Left > 0) {
		fmt.Fprintf(env.stderr, "mr: %s\n", compacted(counts))
	}
	if errors.Is(err, compact.ErrPending) {
		return fmt.Errorf("%w; mr ingest, with the flags it had, completes it", err)
	}
	return err
}

// compacted tells of the counts in a line.
func compacted(c compact.Counts) string {
	text := fmt.Sprintf("%s of %s became %s, %s became %s", counted(c.Old, "file", "files"), grouped(c.Files), grouped(c.New),
		bytesText(c.OldBytes), bytesText(c.NewBytes))
	if c.Left > 0 {
		text += fmt.Sprintf("; those of %s stay as they are", counted(c.Left, "partition", "partitions"))
	}
	return text
}

// isOwnSchema refuses a schema that is not the one in the store: by other dimensions, files would become one that have not the
// same values.
func (s *storeFlags) isOwnSchema(tree *storage.Tree) error {
	if _, err := os.Stat(filepath.Join(s.data, "schema.json")); s.schema == "" || err != nil {
		return nil
	}
	own, err := storage.Open(s.data)
	if err != nil {
		return err
	}
	defer own.Close()
	if !bytes.Equal(own.Schema().JSON(), tree.Schema().JSON()) {
		return usagef("%s is not the schema in %s", s.schema, s.data).hint("without --schema, that one is used")
	}
	return nil
}
