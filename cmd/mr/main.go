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
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// env is what a verb may use of the world.
type env struct {
	stdout, stderr io.Writer

	// flags, if it is set, is given the flags of a verb, which then does nothing.
	flags func(*flag.FlagSet)
}

// A verb is one command of mr. Its usage begins with the synopsis, and has a line for each flag.
type verb struct {
	name    string
	group   group
	summary string
	usage   string
	run     func(ctx context.Context, env env, args []string) error
}

// A group is for whom a verb is.
type group string

// In the order of the help.
const (
	forAnalysts  group = "To ask something of a store"
	forOperators group = "To set up a store and keep it filled"
	forAll       group = "About mr itself"
)

func verbs() []verb {
	return []verb{
		{"new", forAnalysts, "write a job, its test and a go.mod", newUsage, newJob},
		{"run", forAnalysts, "run a job over the files that a filter selects", runUsage, runJob},
		{"ls", forAnalysts, "list the files that run would read", lsUsage, list},
		{"cat", forAnalysts, "write the records of these files", catUsage, concatenate},
		{"init", forOperators, "make an empty store", initUsage, initStore},
		{"revisions", forOperators, "fetch the histogram definitions of source revisions", revisionsUsage, revisions},
		{"receive", forOperators, "take in submissions over HTTP", receiveUsage, receiveLogs},
		{"resend", forOperators, "send raw logs to a receiver again", resendUsage, resendLogs},
		{"gen", forOperators, "make a store of made-up pings", genUsage, generate},
		{"ingest", forOperators, "turn raw logs into records of a store", ingestUsage, ingestLogs},
		{"compact", forOperators, "make few large files of many small ones", compactUsage, compactStore},
		{"help", forAll, "tell what mr or one of its verbs does", helpUsage, help},
		{"completion", forAll, "print what makes a shell complete command lines", completionUsage, completion},
		{"version", forAll, "say what this mr was built from", versionUsage, version},
	}
}

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone is an error of writing, after which there is cleaning up
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
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
		_ = page(env.stderr, overview()) // the status says that it is no use
		return errUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case keepProgram:
		if len(rest) == 2 {
			return keep(rest[0], rest[1])
		}
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	v, err := verbNamed(name)
	if err != nil {
		return err
	}
	return v.run(ctx, env, rest)
}

// verbNamed returns a usage error, with the name that may have been meant, if there is no such verb.
func verbNamed(name string) (verb, error) {
	var names []string
	for _, v := range verbs() {
		if v.name == name {
			return v, nil
		}
		names = append(names, v.name)
	}
	cure := "mr help lists the verbs"
	if near := nearest(name, names); near != "" {
		cure = "did you mean mr " + near + "? " + cure
	}
	return verb{}, usagef("there is no verb %q", name).hint(cure)
}
