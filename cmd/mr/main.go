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
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
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
		{"revisions", "fetch the histogram definitions of source revisions", revisionsUsage, revisions},
		{"gen", "make a store of made-up pings", genUsage, generate},
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
		help(env.stderr)
		return errUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case keepProgram:
		if len(rest) == 2 {
			return keep(rest[0], rest[1])
		}
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			help(env.stdout)
			return nil
		}
		if rest[0] == "filter" {
			fmt.Fprint(env.stdout, filterHelp)
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
		fmt.Fprintf(w, "    mr %-10s %s\n", v.name, v.summary)
	}
	fmt.Fprint(w, "\nmr help VERB tells what a verb does, mr help filter how files are selected.\n\n", statusUsage)
}
