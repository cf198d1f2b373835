package main

import (
	"os"
	"path/filepath"

	"github.com/telemetry-mr/mr/mapreduce"
)

// checkOutput finds, before any work is done, what is wrong with the place of the output.
func checkOutput(cfg mapreduce.Config) error {
	if cfg.Output == "" {
		return nil
	}
	if info, err := os.Stat(cfg.Output); err == nil && !info.Mode().IsRegular() {
		return usagef("--output: %s is not a regular file", cfg.Output)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(cfg.Output))
	if err != nil {
		return usagef("--output: there is no directory %s", filepath.Dir(cfg.Output))
	}
	data, err := filepath.EvalSymlinks(cfg.Data)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if data, err = filepath.Abs(data); err != nil {
		return err
	}
	rel, err := filepath.Rel(data, filepath.Join(dir, filepath.Base(cfg.Output)))
	if err != nil || !filepath.IsLocal(rel) {
		return nil // another volume, or outside of the store
	}
	if _, err := cfg.Schema.ParsePath(filepath.ToSlash(rel)); err == nil || rel == "schema.json" {
		return usagef("--output: %s is in the store", cfg.Output)
	}
	return nil
}
