package main

import (
	"errors"
	"flag"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
)

// argsOfJob returns the arguments behind JOB. If the first is spelled like a flag of mr's own, it is most likely in the wrong
// place, and a job that looks at no arguments would not tell; behind a -- it is the job's.
func argsOfJob(fs *flag.FlagSet) ([]string, error) {
	args := fs.Args()[1:]
	if len(args) > 0 && args[0] == "--" {
		return args[1:], nil
	}
	if len(args) > 0 && isFlagOf(fs, args[0]) {
		return nil, usagef("%s stands behind the job, which would get it", args[0]).
			hint("flags of mr come before JOB; if it is meant for the job: JOB -- " + args[0])
	}
	return args, nil
}

// misplaced adds to the error of a job that refuses its arguments that one of them is a flag of mr's own.
func misplaced(err error, fs *flag.FlagSet) error {
	refused, ok := errors.AsType[*mapreduce.ProgramError](err)
	if !ok || refused.Hint != "" {
		return err
	}
	for _, arg := range fs.Args()[1:] {
		if arg == "--" {
			break
		}
		if isFlagOf(fs, arg) {
			refused.Hint = arg + " is a flag of mr, which comes before JOB"
			break
		}
	}
	return err
}

// isFlagOf reports whether arg is spelled like one of the flags.
func isFlagOf(fs *flag.FlagSet, arg string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && fs.Lookup(name) != nil
}
