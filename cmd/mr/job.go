package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// jobProgram returns the path of the job program that JOB means, and what removes it after the run if it was built for it.
// A name without a slash is that of a directory here, else it is looked up as a shell does, else it is that of a file here.
func jobProgram(ctx context.Context, env env, name string) (path string, remove func(), err error) {
	path, remove = name, func() {}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return build(ctx, env, name)
	}
	if name == filepath.Base(name) {
		if found, err := exec.LookPath(name); err == nil {
			path = found
		}
	}
	return path, remove, nil
}

// build builds the command in dir, in a directory of its own, which remove removes.
func build(ctx context.Context, env env, dir string) (path string, remove func(), err error) {
	own, remove, err := newJobDir()
	if err != nil {
		return "", nil, fmt.Errorf("directory for the job program: %w", err)
	}
	if path, err = buildIn(ctx, env, dir, filepath.Join(own, "bin")); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

func buildIn(ctx context.Context, env env, dir, out string) (path string, err error) {
	// With a directory as its output, go build names the program itself and refuses a package that is no command.
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out+string(filepath.Separator), ".")
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = env.stderr, env.stderr
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", usagef("%s is a directory, and there is no go command to build the job in it", dir).
			hint("name a job program that is built already")
	case err != nil:
		return "", usagef("no job program can be built in %s", dir).
			hint("a job is a Go package main whose main function calls mapreduce.Serve")
	}
	built, err := os.ReadDir(out)
	if err != nil {
		return "", err
	}
	return filepath.Join(out, built[0].Name()), nil
}
