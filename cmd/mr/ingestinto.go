package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

// openOrInit opens the store to add to it, and makes it first if there is no such directory or an empty one. It refuses a schema
// that is not the store's own: readers would not find what is written by it.
func (s *storeFlags) openOrInit() (*storage.Tree, error) {
	schema, err := s.readSchema()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("--data: %v", err)
	}
	isNew, hasSchema := true, false
	for _, e := range entries {
		isNew = isNew && strings.HasPrefix(e.Name(), ".schema.json.") // left by one that was killed
		hasSchema = hasSchema || e.Name() == "schema.json"
	}
	if isNew {
		return storage.Init(s.data, schema)
	}
	tree, err := storage.Open(s.data)
	if err != nil || schema == nil || bytes.Equal(tree.Schema().JSON(), schema.JSON()) {
		return tree, err
	}
	_ = tree.Close() // nothing was read
	if hasSchema {
		return nil, usagef("%s is not the schema of the store, which is in %s", s.schema, filepath.Join(s.data, "schema.json")).
			hint("without --schema, that one is used; records of another schema need a store of their own")
	}
	return nil, usagef("%s is not empty and has no schema.json: its schema is the built-in one, not %s", s.data, s.schema).
		hint("without --schema, the built-in one is used; a store of another schema begins in an empty directory")
}

// isWithin tells whether a directory is another one, or lies below it. Neither need exist.
func isWithin(dir, other string) bool {
	top, err := os.Stat(other)
	if err != nil {
		return false
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(dir)
	return isBelow(dir, top) || err == nil && isBelow(real, top)
}

func isBelow(dir string, top os.FileInfo) bool {
	for {
		if info, err := os.Stat(dir); err == nil && os.SameFile(info, top) {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}
