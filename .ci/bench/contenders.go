//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// contender is a program to measure.
type contender struct {
	name   string
	job    string // those with the same job have the same answer
	store  string // by its name
	args   []string
	env    []string
	stdout bool // its standard output is the answer
	once   bool // it takes so long that its rehearsal is its run
	proof  proof
	needs  func(o options, c *contender) error

	data      string // directory of the store
	verdict   string
	rehearsal measurement
	runs      []measurement
}

// A proof says when an answer is proved by check; others are compared only.
type proof int

const (
	never proof = iota
	ifAsked
	always
)

// Parts of a contender's arguments that stand for the store's directory and the name of the output file.
const (
	data   = "{data}"
	output = "{output}"
)

// ready makes what the contender needs.
func (c *contender) ready(o options) (err error) {
	if c.data, err = ensureStore(o, c.store); err != nil {
		return err
	}
	if c.needs != nil {
		return c.needs(o, c)
	}
	return nil
}

// called gives the contender another name.
func (c *contender) called(name string) *contender {
	c.name = name
	return c
}

// needing says what the contender cannot do without.
func (c *contender) needing(commands ...string) *contender {
	c.needs = func(options, *contender) error {
		for _, name := range commands {
			if _, err := exec.LookPath(name); err != nil {
				return fmt.Errorf("%s needs %s; install it, or choose others by -only", c.name, strings.Join(commands, ", "))
			}
		}
		return nil
	}
	return c
}

// peer is the name of a file of the peers.
func (o options) peer(name string) string {
	return filepath.Join(o.root, ".ci", "bench", "peers", name)
}

// floor decompresses every file of a store.
func floor(o options, store string) *contender {
	pattern, program := "*.zst", "zstd -dcq"
	if store == gz {
		pattern, program = "*.gz", "gzip -dc"
	}
	command := fmt.Sprintf("find '%s' -name '%s' | xargs -P%d -n100 %s >/dev/null", data, pattern, o.workers, program)
	return &contender{name: "floor", job: "floor", store: store, args: []string{"sh", "-c", command}}
}

func mr(o options, job, store string) *contender {
	args := []string{o.bin("mr"), "run", "--data", data, "--workers", strconv.Itoa(o.workers), "--output", output}
	if o.memory != "" {
		args = append(args, "--memory", o.memory)
	}
	c := &contender{name: job, job: job, store: store, args: append(args, o.bin(job)), once: job == "m"}
	if job == "b" || job == "m" || job == "s" {
		c.proof = ifAsked
	}
	return c
}

// list is mr ls.
func list(o options, name, store, filter string) *contender {
	args := []string{o.bin("mr"), "ls", "--data", data, "--filter", filter}
	if filter == "" {
		args = args[:len(args)-2]
	}
	return &contender{name: name, job: name, store: store, args: args, stdout: true}
}

func jq(o options) *contender {
	c := &contender{name: "jq-a", job: "a", store: std, once: true, args: []string{"sh", o.peer("jq/a.sh"), data, output}}
	return c.needing("parallel", "jq")
}

func duckdb(o options, job string) *contender {
	c := python(o, "duckdb-"+job, "duckdb=="+duckdbVersion, "duckdb/duckdb_jobs.py", job, data, output)
	c.job, c.store, c.once = job, std, job == "b"
	return c
}

// python is a program in Python that needs some packages, and is for job a of files that are not packed.
func python(o options, name, packages, program string, args ...string) *contender {
	return &contender{
		name: name, job: "a", store: plain, once: true, args: append([]string{"python3", o.peer(program)}, args...),
		needs: func(o options, c *contender) error {
			dir, err := ensurePyPI(o, packages)
			c.env = []string{"PYTHONPATH=" + dir, "TMPDIR=" + o.scratch}
			return err
		},
	}
}

func clickhouse(o options, job string) *contender {
	return &contender{
		name: "clickhouse-" + job, job: job, store: std, args: []string{"node", o.peer("clickhouse/jobs.js"), job, data, output},
		needs: func(o options, c *contender) error {
			dir, err := ensureNPM(o, "chdb@3.4.0")
			c.env = []string{"NODE_PATH=" + dir}
			return err
		},
	}
}
