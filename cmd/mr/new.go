package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

const newUsage = `usage: mr new [flags] NAME

Writes the directory NAME with a job that counts, a test of it, and a go.mod with
which both build at once. NAME may be a path; it must not exist, or be empty.

    --source DIR      the source of mr that the job is built with (default: what this
                      mr was built from)

    $ mr new uptime
    $ (cd uptime && go test)
    $ mr run --data STORE ./uptime
`

//go:embed newjob/*
var newJobFiles embed.FS

var jobName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func newJob(_ context.Context, env env, args []string) error {
	var from string
	fs := newFlags("new")
	fs.StringVar(&from, "source", "", "")
	if done, err := parse(env, fs, newUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return usagef("new takes one argument, the name of the job").hint("mr new NAME; flags come before NAME")
	}
	dir := filepath.Clean(fs.Arg(0))
	name := filepath.Base(dir)
	if !jobName.MatchString(name) {
		return usagef("%q is no name for a job", fs.Arg(0)).hint("a name has letters, digits, _ and -, and begins with a letter")
	}
	if err := isFree(dir); err != nil {
		return err
	}
	src, err := findSource(from)
	if err != nil {
		return err
	}
	files, err := jobFiles(name, src)
	if err != nil {
		return err
	}
	if err := writeDir(dir, files); err != nil {
		return fmt.Errorf("writing the job: %w", err)
	}
	job := dir
	if job == name { // then it could be mistaken for a program in PATH
		job = "." + string(filepath.Separator) + name
	}
	fmt.Fprintf(env.stderr, "mr: wrote %s: a job, its test and a go.mod\n    (cd %s && go test)\n    mr run --data STORE %s\n", dir, dir, job)
	return nil
}

// isFree returns a usage error unless dir can be made, or is empty.
func isFree(dir string) error {
	if info, err := os.Stat(filepath.Dir(dir)); err != nil || !info.IsDir() {
		return usagef("there is no directory %s", filepath.Dir(dir)).hint("mkdir -p " + filepath.Dir(dir))
	}
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return usagef("%s is there already, and no directory", dir).hint("choose another name")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return usagef("%s is there already, and not empty", dir).hint("choose another name, or remove it")
	}
	return nil
}

// jobFiles returns the files of a new job by their names.
func jobFiles(name string, src source) (map[string][]byte, error) {
	t, err := template.ParseFS(newJobFiles, "newjob/*")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"go.mod": src.goMod(name), "go.sum": src.sums}
	for _, file := range t.Templates() {
		var b bytes.Buffer
		if err := file.Execute(&b, struct{ Name, Title string }{name, strings.ToUpper(name[:1]) + name[1:]}); err != nil {
			return nil, err
		}
		files[strings.TrimSuffix(file.Name(), ".tmpl")] = b.Bytes()
	}
	return files, nil
}

// writeDir makes dir appear with these files in it, all or nothing.
func writeDir(dir string, files map[string][]byte) error {
	parent, base := filepath.Split(dir)
	own, err := os.MkdirTemp(filepath.Clean(parent), "."+base+".*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(own) }() // hidden, and empty by then unless something went wrong
	made := filepath.Join(own, base)         // with the mode that a new directory has here
	if err := os.Mkdir(made, 0o777); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(made, name), text, 0o666); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(made, dir)
}
