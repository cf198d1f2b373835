package main

import (
	"os"
	"path/filepath"
)

// checkPlaces finds, before any work is done, what is wrong with the places of the output and the report.
func (r *jobRun) checkPlaces() error {
	if r.cfg.Output == "" && isClosed(r.env.stdout) {
		return usagef("standard output is closed, and rows are to go there").hint("--output FILE, or >/dev/null for none")
	}
	if err := r.checkPlace("--output", r.cfg.Output); err != nil {
		return err
	}
	err := r.checkPlace("--report", r.report)
	if err == nil && r.report != "" && r.cfg.Output != "" && sameFile(r.report, r.cfg.Output) {
		err = usagef("--report: %s is the output", r.report)
	}
	for _, name := range []string{"quarantine.jsonl", "quarantine.raw"} {
		if err == nil && r.report != "" && r.cfg.Quarantine != "" && sameFile(r.report, filepath.Join(r.cfg.Quarantine, name)) {
			err = usagef("--report: %s is of the quarantine", r.report)
		}
	}
	if err != nil {
		r.report = "" // it cannot be written there
	}
	return err
}

// checkProgram sees to it that the job program is not replaced by what is written.
func (r *jobRun) checkProgram(program string) error {
	if r.report != "" && sameFile(r.report, program) {
		name := r.report
		r.report = ""
		return usagef("--report: %s is the job program", name)
	}
	if r.cfg.Output != "" && sameFile(r.cfg.Output, program) {
		return usagef("--output: %s is the job program", r.cfg.Output)
	}
	return nil
}

// checkPlace finds what is wrong with the place of a file, if there is one.
func (r *jobRun) checkPlace(flag, file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return usagef("%s: %s is not a regular file", flag, file)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return usagef("%s: there is no directory %s", flag, filepath.Dir(file))
	}
	data, err := filepath.EvalSymlinks(r.cfg.Data)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if data, err = filepath.Abs(data); err != nil {
		return err
	}
	rel, err := filepath.Rel(data, filepath.Join(dir, filepath.Base(file)))
	if err != nil || !filepath.IsLocal(rel) {
		return nil // another volume, or outside of the store
	}
	if _, err := r.cfg.Schema.ParsePath(filepath.ToSlash(rel)); err == nil || rel == "schema.json" {
		return usagef("%s: %s is in the store", flag, file)
	}
	return nil
}

// sameFile tells whether two names are, or would be, those of one file.
func sameFile(a, b string) bool {
	ai, err1 := os.Stat(a)
	bi, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(ai, bi)
	}
	aa, err1 := filepath.Abs(a)
	bb, err2 := filepath.Abs(b)
	return err1 == nil && err2 == nil && aa == bb
}
