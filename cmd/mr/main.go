// Mr runs MapReduce jobs over a store of record files that is partitioned by dimensions.
//
// A job is a Go program that calls mapreduce.Serve; mr starts it as its workers:
//
//	mr run --data STORE --filter 'appUpdateChannel=nightly' --output os.tsv ./job
//
// "mr help" lists the verbs, "mr help VERB" tells what one does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/telemetry-mr/mr/mapreduce"
)

// env is what a verb may use of the world.
type env struct {
	stdout, stderr io.Writer
}

// A verb is one command of mr. Its usage begins with the synopsis.
type verb struct {
	name    string
	summary string
	usage   string
	run     func(ctx context.Context, env env, args []string) error
}

func verbs() []verb {
	return []verb{
		{"run", "run a job over the files that a filter selects", runUsage, runJob},
		{"ls", "list the files that run would read", lsUsage, list},
		{"gen", "make a store of made-up pings", genUsage, generate},
	}
}

// Exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNoInput     = 3
	exitBadData     = 4
	exitInUse       = 75
	exitInterrupted = 130
)

const statusUsage = `Exit status: 0 done, 1 failed, 2 wrong usage, 3 no file matched (an output that
is there stays), 4 bad data beyond the budget, 75 the output is in use by another
run, 130 interrupted.
`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	env := env{stdout: os.Stdout, stderr: os.Stderr}
	err := dispatch(ctx, env, args)
	if err != nil {
		report(env.stderr, err)
	}
	return status(err)
}

func dispatch(ctx context.Context, env env, args []string) error {
	if len(args) == 0 {
		help(env.stderr)
		return errUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			help(env.stdout)
			return nil
		}
		name, rest = rest[0], []string{"-h"}
	}
	for _, v := range verbs() {
		if v.name == name {
			return v.run(ctx, env, rest)
		}
	}
	return usagef("there is no verb %q", name).hint("mr help lists the verbs")
}

func help(w io.Writer) {
	fmt.Fprint(w, "usage: mr VERB [flags] [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "    mr %-6s %s\n", v.name, v.summary)
	}
	fmt.Fprint(w, "\nmr help VERB tells what a verb does.\n\n", statusUsage)
}

// usageError says that the command line is wrong.
type usageError struct{ msg, cure string }

func usagef(format string, args ...any) *usageError { return &usageError{msg: fmt.Sprintf(format, args...)} }

func (e *usageError) Error() string { return e.msg }

func (e *usageError) hint(cure string) *usageError {
	e.cure = cure
	return e
}

// errUsage is a usage error of which the user knows already.
var errUsage = errors.New("usage")

// status is the exit status that tells of err.
func status(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if errors.Is(err, mapreduce.ErrNoInput) {
		return exitNoInput
	}
	if e, ok := errors.AsType[*mapreduce.TaskError](err); ok && e.BadData {
		return exitBadData
	}
	if _, ok := errors.AsType[*mapreduce.InUseError](err); ok {
		return exitInUse
	}
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

func isUsage(err error) bool {
	if errors.Is(err, errUsage) {
		return true
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*mapreduce.ConfigError](err); ok {
		return true
	}
	_, ok := errors.AsType[*mapreduce.ProgramError](err)
	return ok
}

// report prints err for a person: what went wrong and, on a line of its own, what may cure it.
func report(w io.Writer, err error) {
	if errors.Is(err, errUsage) {
		return
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "mr: interrupted; nothing was written")
		return
	}
	fmt.Fprintf(w, "mr: %s\n", strings.TrimRight(err.Error(), "\n"))
	if e, ok := errors.AsType[*mapreduce.TaskError](err); ok && e.Detail != "" {
		fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(e.Detail, "\n", "\n    "))
	}
	if h := hint(err); h != "" {
		fmt.Fprintf(w, "mr: hint: %s\n", h)
	}
}

func hint(err error) string {
	if e, ok := errors.AsType[*usageError](err); ok {
		return e.cure
	}
	if e, ok := errors.AsType[*mapreduce.ConfigError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*mapreduce.ProgramError](err); ok {
		return e.Hint
	}
	if errors.Is(err, mapreduce.ErrNoInput) {
		return "mr ls with the same flags lists what matches"
	}
	return ""
}
