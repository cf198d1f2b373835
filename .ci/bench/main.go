//go:build linux

// Bench measures whole jobs: mr against the cost of decompressing the same files, a program written by hand, and DuckDB.
//
//	go run ./.ci/bench [flags]
//
// The programs run in turn (A B C, A B C, …), each in a process of its own, and a ratio is taken within a round: on a shared
// machine, the rounds differ more than the programs. CPU time is that of the whole process tree. Before the first round, each
// program runs once, unmeasured: its answer is compared with the others' and, with -check, proved by other means.
//
// It needs the zstd command, and for DuckDB python3 with pip. Programs, the package and the stores are kept in -cache.
package main

import (
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
	root    string // of the repository
	cache   string
	store   string
	only    string
	rounds  int
	slow    int
	workers int
	memory  string
	check   bool
	pss     bool
	big     bool
	scratch string // for outputs: emptied after each program
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
	flag.StringVar(&o.store, "store", "", "the store to read (default: the standard one, made if it is not there)")
	flag.StringVar(&o.only, "only", "", "names of the programs to run, with commas")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds")
	flag.IntVar(&o.slow, "slow", 1, "rounds in which the slow programs take part: m and duckdb-b")
	flag.IntVar(&o.workers, "workers", 2, "of mr run")
	flag.StringVar(&o.memory, "memory", "", "of mr run")
	flag.BoolVar(&o.check, "check", false, "prove the answers of b, m and s (a minute or two)")
	flag.BoolVar(&o.pss, "pss", false, "one round more, in which the memory of the process tree is sampled")
	flag.BoolVar(&o.big, "big", false, "instead, job m with values of 20 times a --memory of 128MiB")
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	root, err := goEnvRoot()
	if err != nil {
		return err
	}
	o.root = root
	if err := os.MkdirAll(filepath.Join(o.cache, "bin"), 0o777); err != nil {
		return err
	}
	if o.scratch, err = os.MkdirTemp(o.cache, "out-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.scratch)
	if err := adoptOrphans(); err != nil {
		return err
	}
	if o.big {
		o.only, o.rounds, o.slow, o.check, o.pss = "m", 1, 1, true, true
		if o.memory == "" {
			o.memory = "128MiB"
		}
	}
	if err := build(o); err != nil {
		return err
	}
	if err := ensureStore(&o); err != nil {
		return err
	}
	list, err := contenders(o)
	if err != nil {
		return err
	}
	if err := rehearse(o, list); err != nil {
		return err
	}
	for round := range o.rounds {
		syscall.Sync()
		for _, c := range list {
			if c.slow && round >= o.slow {
				continue
			}
			log.Printf("round %d of %d: %s", round+1, o.rounds, c.name)
			m, err := measure(o, c, nil)
			if err != nil {
				return err
			}
			c.runs = append(c.runs, m)
		}
	}
	if o.pss {
		if err := samplePSS(o, list); err != nil {
			return err
		}
	}
	report(os.Stdout, o, list)
	return nil
}

// rehearse runs each program once, which also fills the page cache, and compares the answers of those with the same job.
func rehearse(o options, list []*contender) error {
	answers := make(map[string]string) // of the first program with the job
	by := make(map[string]string)
	for _, c := range list {
		log.Printf("rehearsal: %s", c.name)
		var verdict string
		_, err := measure(o, c, func(output string) error {
			answer, err := c.answer(output)
			if err != nil {
				return err
			}
			if first, ok := answers[c.job]; !ok {
				answers[c.job], by[c.job] = answer, c.name
				verdict = answer
			} else if first != answer {
				return fmt.Errorf("answer %q; %s has %q", answer, by[c.job], first)
			} else {
				verdict = "as " + by[c.job]
			}
			if !o.check || !c.provable {
				return nil
			}
			proof, err := prove(o, c.job, output)
			if err == nil {
				log.Print(proof)
				verdict = proof
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		c.verdict = verdict
	}
	return nil
}

func samplePSS(o options, list []*contender) error {
	for _, c := range list {
		log.Printf("memory: %s", c.name)
		m, err := measureMemory(o, c)
		if err != nil {
			return err
		}
		c.peak = m
	}
	return nil
}

// selected says whether the command line asks for a program.
func (o options) selected(name string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), name)
}

// bin is the name of a program that build has made.
func (o options) bin(name string) string { return filepath.Join(o.cache, "bin", name) }

func report(w io.Writer, o options, list []*contender) {
	fmt.Fprintln(w, "Machine:", machine())
	fmt.Fprintln(w, "Command: go run ./.ci/bench", strings.Join(os.Args[1:], " "))
	fmt.Fprintf(w, "Store: %s; mr at %s\n\n", storeSize(o.store), revision(o.root))
	table(w, list)
}
