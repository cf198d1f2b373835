//go:build linux

// Bench measures whole jobs: mr against the cost of decompressing the same files, programs written by hand, and other engines.
//
//	go run ./.ci/bench [flags] [SUITE]
//
// The programs of a suite run in turn (A B C, A B C, …), each in a process of its own, and a ratio is taken within a round: on
// a shared machine, the rounds differ more than the programs. CPU time is that of the whole process tree. Before the first
// round, each program runs once, unmeasured but for its memory (and that of the slow ones is all of it): its answer is compared
// with the others' and, with -check, proved by other means.
//
// It needs the zstd command; some suites need parallel and jq, python3 with pip, npm, or a Java runtime. Programs, packages and
// stores are kept in -cache.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// options are the command line.
type options struct {
	root      string // of the repository
	cache     string
	store     string
	only      string
	rounds    int
	workers   int
	memory    string
	check     bool
	scratch   string // for outputs: emptied after each program
	generator uint32 // see there
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var o options
	cache, err := os.UserCacheDir()
	if err != nil {
		log.Fatal(err)
	}
	flag.StringVar(&o.cache, "cache", filepath.Join(cache, "mr-bench"), "where stores and programs are kept")
	flag.StringVar(&o.store, "store", "", "a store to read instead of the standard one")
	flag.StringVar(&o.only, "only", "", "names of the programs to run, with commas (default: all of the suite)")
	flag.IntVar(&o.rounds, "rounds", 0, "rounds (default: the suite's)")
	flag.IntVar(&o.workers, "workers", 2, "of mr run")
	flag.StringVar(&o.memory, "memory", "", "of mr run")
	flag.BoolVar(&o.check, "check", false, "prove the answers of b, m and s (a minute or two)")
	flag.Usage = usage
	flag.Parse()
	name := "jobs"
	if flag.NArg() > 0 {
		name = flag.Arg(0)
	}
	i := slices.IndexFunc(suites, func(s suite) bool { return s.name == name })
	if i < 0 || flag.NArg() > 1 {
		usage()
		os.Exit(2)
	}
	if err := bench(o, suites[i]); err != nil {
		log.Fatal(err)
	}
}

func usage() {
	w := flag.CommandLine.Output()
	fmt.Fprint(w, "usage: go run ./.ci/bench [flags] [SUITE]\n\nSuites:\n\n")
	for _, s := range suites {
		fmt.Fprintf(w, "  %-9s%s\n", s.name, s.about)
	}
	fmt.Fprint(w, "\nFlags:\n\n")
	flag.PrintDefaults()
}

func bench(o options, s suite) (err error) {
	root, err := goEnvRoot()
	if err != nil {
		return err
	}
	o.root = root
	if o.rounds == 0 {
		o.rounds = s.rounds
	}
	if err := os.MkdirAll(filepath.Join(o.cache, "bin"), 0o777); err != nil {
		return err
	}
	if o.scratch, err = os.MkdirTemp(o.cache, "out-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.scratch)) }()
	if err := adoptOrphans(); err != nil {
		return err
	}
	if err := build(o); err != nil {
		return err
	}
	if o.generator, err = generator(o); err != nil {
		return err
	}
	list := slices.DeleteFunc(s.contenders(o), func(c *contender) bool { return !o.selected(c.name) })
	if len(list) == 0 {
		return fmt.Errorf("no program of the suite %s is called %q", s.name, o.only)
	}
	defer func() { err = errors.Join(err, removeMillion(o)) }()
	for _, c := range list {
		if err := c.ready(o); err != nil {
			return err
		}
	}
	if err := rehearse(o, list); err != nil {
		return err
	}
	for round := range o.rounds {
		syscall.Sync()
		for _, c := range list {
			if c.once {
				continue
			}
			log.Printf("round %d of %d: %s", round+1, o.rounds, c.name)
			m, err := measure(o, c)
			if err != nil {
				return err
			}
			c.runs = append(c.runs, m)
		}
	}
	report(os.Stdout, o, s, list)
	return nil
}

// rehearse runs each program once, which also fills the page cache, looks at its memory, and compares the answers of those
// with the same job.
func rehearse(o options, list []*contender) error {
	answers := make(map[string]string) // of the first program with the job
	by := make(map[string]string)
	for _, c := range list {
		log.Printf("rehearsal: %s", c.name)
		m, err := execute(o, c, true, func(output string) error {
			answer, err := answerOf(c.job, output)
			if err != nil {
				return err
			}
			if first, ok := answers[c.job]; !ok {
				answers[c.job], by[c.job] = answer, c.name
				c.verdict = answer
			} else if first != answer {
				return fmt.Errorf("answer %q; %s has %q", answer, by[c.job], first)
			} else {
				c.verdict = "as " + by[c.job]
			}
			if c.proof == never || c.proof == ifAsked && !o.check {
				return nil
			}
			proof, err := prove(o, c, output)
			if err == nil {
				log.Print(proof)
				c.verdict = proof
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		c.rehearsal = m
		if c.once {
			c.runs = append(c.runs, m)
		}
	}
	return nil
}

// selected says whether the command line asks for a program.
func (o options) selected(name string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), name)
}

// bin is the name of a program that build has made.
func (o options) bin(name string) string { return filepath.Join(o.cache, "bin", name) }

func report(w io.Writer, o options, s suite, list []*contender) {
	fmt.Fprintln(w, "Machine:", machine())
	fmt.Fprintln(w, "Command: go run ./.ci/bench", strings.Join(os.Args[1:], " "))
	var seen []string
	for _, c := range list {
		if !slices.Contains(seen, c.store) {
			seen = append(seen, c.store)
			fmt.Fprintf(w, "Store %s: %s\n", c.store, storeSize(c.data))
		}
	}
	fmt.Fprintf(w, "mr at %s\n\n", revision(o.root))
	table(w, list)
	tableOfClaims(w, s.claims, list)
}
