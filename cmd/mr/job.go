package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// jobProgram returns the path of the job program that JOB means, and what removes it after the run if it was built for it.
// A name without a slash is that of a directory here, else it is looked up as a shell does, else it is that of a file here.
func jobProgram(ctx context.Context, env env, name string) (path string, remove func(), err error) {
	path, remove = name, func() {}
	info, err := os.Stat(name)
	switch {
	case name == "":
		return "", nil, usagef("the name of the job is empty")
	case err == nil && info.IsDir():
		return build(ctx, env, name)
	case err == nil && filepath.Ext(name) == ".go":
		return "", nil, usagef("%s is a source file", name).hint("a job is named by its directory: " + dirOf(name))
	}
	if name == filepath.Base(name) {
		if found, err := exec.LookPath(name); err == nil {
			path = found
		}
	}
	return path, remove, nil
}

// dirOf is the directory of a file, spelled such that it is not taken for something else.
func dirOf(name string) string {
	dir := filepath.Dir(name)
	if dir == "." || filepath.IsAbs(dir) || strings.HasPrefix(dir, "..") {
		return dir
	}
	return "." + string(filepath.Separator) + dir
}

// keepProgram is the first argument with which this command calls itself; see build.
const keepProgram = "-keep-program"

// build builds the command in dir as go run does, which keeps what it has linked for the next time, and takes the program into
// a directory that remove removes.
func build(ctx context.Context, env env, dir string) (path string, remove func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	own, remove, err := newJobDir()
	if err != nil {
		return "", nil, fmt.Errorf("directory for the job program: %w", err)
	}
	abs, err := filepath.Abs(own) // for go, which runs elsewhere
	bin, tmp := filepath.Join(abs, "bin"), filepath.Join(abs, "tmp")
	if err := errors.Join(err, os.Mkdir(bin, 0o700), os.Mkdir(tmp, 0o700)); err != nil {
		remove()
		return "", nil, err
	}
	// go run ends by executing this program, with the job's as its last argument. Only there does it tell where that is.
	cmd := exec.CommandContext(ctx, "go", "run", "-exec", quote(self)+" "+keepProgram+" "+quote(bin), ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp) // go and the C compiler leave their files when they are interrupted
	cmd.WaitDelay = time.Second                   // for what go has started, when it is killed
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = env.stderr, io.MultiWriter(env.stderr, &said)
	err = cmd.Run()
	_ = os.RemoveAll(tmp) // what is left is removed with own
	if err == nil {
		path, err = kept(bin)
	}
	if err != nil {
		remove()
		return "", nil, buildError(ctx, dir, err, said.String())
	}
	return path, remove, nil
}

// quote makes s one word for the go command.
func quote(s string) string {
	if !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return `"` + s + `"`
}

// buildError says why there is no program, when go has said what it has to.
func buildError(ctx context.Context, dir string, err error, said string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return usagef("%s is a directory, and there is no go command to build the job in it", dir).
			hint("name a job program that is built already")
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return fmt.Errorf("building %s: %w", dir, err)
	}
	failed := usagef("no job program can be built in %s", dir)
	switch {
	case strings.Contains(said, "go.mod file not found"):
		return failed.hint("a job is part of a Go module; mr new NAME makes one with a job in it")
	case strings.Contains(said, "is not a main package"), strings.Contains(said, "no Go files in"):
		return failed.hint("a job is a Go package main whose main function calls mapreduce.Serve")
	}
	return failed
}

// keep is what this command does when build calls it: it takes a program into dir.
func keep(dir, program string) error {
	to := filepath.Join(dir, filepath.Base(program))
	if os.Link(program, to) == nil {
		return nil
	}
	from, err := os.Open(program) // on another file system
	if err != nil {
		return err
	}
	defer from.Close() // only read
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// kept is the program that keep has taken into dir.
func kept(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) != 1 {
		err = fmt.Errorf("go run has left no program in %s", dir)
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, entries[0].Name()), nil
}
