package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// Exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNoInput     = 3
	exitBadData     = 4
	exitInUse       = 75
	exitInterrupted = 130
	exitNoReader    = 141
)

const statusUsage = `Exit status: 0 done, 1 failed, 2 wrong usage, 3 no file matched (an output that
is there stays), 4 bad data beyond the budget, 75 the output is in use by another
run, 130 interrupted, 141 nobody reads the list or the records any more.
`

// A usageError says that the command line is wrong, or names something that is not there.
type usageError struct{ msg, cure string }

func usagef(format string, args ...any) *usageError {
	return &usageError{msg: fmt.Sprintf(format, args...)}
}

func (e *usageError) Error() string { return e.msg }

func (e *usageError) hint(cure string) *usageError {
	e.cure = cure
	return e
}

// A curable is an error for which a verb knows a cure.
type curable struct {
	error
	cure string
}

func (e *curable) Unwrap() error { return e.error }

// errUsage is a usage error of which the user knows already.
var errUsage = errors.New("usage")

// errOutputKept is the interruption of a run that has an output.
var errOutputKept = fmt.Errorf("output not written: %w", context.Canceled)

// errNoReader says that what reads standard output has ended, as head does. Like other tools, mr then ends without a word.
var errNoReader = errors.New("nobody reads standard output")

// written is the error of writing a list or records to standard output.
func written(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return errNoReader
	}
	return fmt.Errorf("writing to standard output: %w", err)
}

// status is the exit status that tells of err.
func status(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if errors.Is(err, errNoReader) {
		return exitNoReader
	}
	if errors.Is(err, mapreduce.ErrNoInput) || errors.Is(err, errNoRecords) {
		return exitNoInput
	}
	if isBadData(err) || errors.Is(err, errDamaged) {
		return exitBadData
	}
	if _, ok := errors.AsType[*mapreduce.InUseError](err); ok {
		return exitInUse
	}
	if _, ok := errors.AsType[*rawlog.InUseError](err); ok {
		return exitInUse
	}
	if isUsage(err) {
		return exitUsage
	}
	if isStoreInUse(err) {
		return exitInUse
	}
	return exitFailed
}

func isBadData(err error) bool {
	if e, ok := errors.AsType[*mapreduce.TaskError](err); ok {
		return e.BadData
	}
	if _, ok := errors.AsType[*storage.SyntaxError](err); ok {
		return true
	}
	_, ok := errors.AsType[*storage.DamagedError](err)
	return ok || errors.Is(err, storage.ErrChanged)
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
	if _, ok := errors.AsType[*mapreduce.JobError](err); ok {
		return true
	}
	_, ok := errors.AsType[*mapreduce.ProgramError](err)
	return ok
}

// report prints err for a person: what went wrong and, on a line of its own, what may cure it.
func report(w io.Writer, err error) {
	if errors.Is(err, errUsage) || errors.Is(err, errNoReader) {
		return
	}
	if errors.Is(err, context.Canceled) {
		what := "interrupted"
		if errors.Is(err, errOutputKept) {
			what += "; the output is as it was"
		}
		fmt.Fprintf(w, "mr: %s\n", what)
		return
	}
	task, isTask := errors.AsType[*mapreduce.TaskError](err)
	text := strings.TrimRight(err.Error(), "\n")
	if isTask { // the words of a job, or of data
		text = printable(text)
	} else {
		text = printableLines(text)
	}
	fmt.Fprintf(w, "mr: %s\n", text)
	if isTask && task.Detail != "" {
		_, callers, _ := strings.Cut(task.Detail, "\n") // the message has the first line
		for line := range strings.Lines(callers) {
			fmt.Fprintf(w, "    %s\n", printable(strings.TrimRight(line, "\n")))
		}
	}
	if h := hint(err); h != "" {
		fmt.Fprintf(w, "mr: hint: %s\n", printable(h))
	}
}

func hint(err error) string {
	if e, ok := errors.AsType[*usageError](err); ok {
		return e.cure
	}
	if e, ok := errors.AsType[*curable](err); ok {
		return e.cure
	}
	if e, ok := errors.AsType[*mapreduce.ConfigError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*mapreduce.JobError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*mapreduce.ProgramError](err); ok {
		return e.Hint
	}
	if _, ok := errors.AsType[*storage.SyntaxError](err); ok {
		return "--max-bad says how many bad records to leave out"
	}
	if _, ok := errors.AsType[*mapreduce.MemoryError](err); ok {
		return "a larger --memory, or fewer --workers, gives each more; what the job keeps has to fit"
	}
	if errors.Is(err, mapreduce.ErrNoInput) {
		return "mr ls --explain shows where nothing is left; --data and --filter choose the files"
	}
	return definitionsCure(err)
}
