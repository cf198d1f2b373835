//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// jobs are the programs below jobs/.
var jobs = []string{"z", "a", "b", "c", "d", "m", "s"}

// contender is a program to measure.
type contender struct {
	name     string
	job      string // those with the same job have the same answer
	args     []string
	env      []string
	slow     bool
	provable bool
	answer   func(output string) (string, error)

	verdict string
	runs    []measurement
	peak    memory
}

// output stands for the name of the output file in a contender's arguments.
const output = "{output}"

// contenders returns the programs that the command line asks for, in the order of a round. The ones that write much come
// last: what the disk still does for them is not to slow the next one down.
func contenders(o options) ([]*contender, error) {
	floor := fmt.Sprintf("find '%s' -name '*.zst' | xargs -P%d -n100 zstd -dcq >/dev/null", o.store, o.workers)
	all := []*contender{
		{name: "floor", job: "floor", args: []string{"sh", "-c", floor}, answer: nothing},
		mr(o, "z", nothing),
		mr(o, "a", text),
		{name: "go-a", job: "a", args: []string{o.bin("go-a"), o.store, output}, answer: text},
		{name: "duckdb-a", job: "a", answer: text},
		mr(o, "b", sumsOfRows),
		{name: "duckdb-b", job: "b", answer: sumsOfRows, slow: true},
		mr(o, "c", lists),
		{name: "duckdb-c", job: "c", answer: lists},
		mr(o, "d", lines),
		{name: "duckdb-d", job: "d", answer: lines},
		mr(o, "m", digestOfFile),
		mr(o, "s", digestOfFile),
	}
	var list []*contender
	for _, c := range all {
		if !o.selected(c.name) {
			continue
		}
		if c.args == nil {
			python, err := ensureDuckDB(o)
			if err != nil {
				return nil, err
			}
			c.args = []string{"python3", filepath.Join(o.root, ".ci", "bench", "peer_duckdb.py"), c.job, o.store, output}
			c.env = []string{"PYTHONPATH=" + python}
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no program is called %q", o.only)
	}
	return list, nil
}

func mr(o options, job string, answer func(string) (string, error)) *contender {
	args := []string{o.bin("mr"), "run", "--data", o.store, "--workers", strconv.Itoa(o.workers), "--output", output}
	if o.memory != "" {
		args = append(args, "--memory", o.memory)
	}
	return &contender{
		name: job, job: job, args: append(args, o.bin(job)), answer: answer,
		slow: job == "m", provable: job == "b" || job == "m" || job == "s",
	}
}

// prove runs the checker on an output.
func prove(o options, job, output string) (string, error) {
	return command(o.root, o.bin("check"), job, o.store, output)
}

// What an output says, in a line.

// nothing is for programs without rows.
func nothing(output string) (string, error) {
	info, err := os.Stat(output)
	if errors.Is(err, os.ErrNotExist) {
		return "no rows", nil
	}
	if err == nil && info.Size() != 0 {
		err = fmt.Errorf("%d bytes of output, want none", info.Size())
	}
	return "no rows", err
}

// text is the whole output.
func text(output string) (string, error) {
	data, err := os.ReadFile(output)
	return string(bytes.ReplaceAll(bytes.ReplaceAll(bytes.TrimSpace(data), []byte{'\n'}, []byte("; ")), []byte{'\t'}, []byte{' '})), err
}

// digestOfFile is the output's size and a hash of it.
func digestOfFile(output string) (string, error) {
	f, err := os.Open(output)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := fnv.New64a()
	n, err := io.Copy(h, f)
	return fmt.Sprintf("%.1f MB, FNV %016x", float64(n)/1e6, h.Sum64()), err
}

// lines is the number of rows and the sum of a hash of each. Rows may come in any order.
func lines(output string) (string, error) {
	return hashes(output, func(line []byte) [][]byte { return [][]byte{line} })
}

// lists is the same of all pairs of a key and an element of its list.
func lists(output string) (string, error) {
	return hashes(output, func(line []byte) [][]byte {
		key, list, _ := bytes.Cut(line, []byte{'\t'})
		elements := bytes.Split(list, []byte{','})
		for i, e := range elements {
			elements[i] = fmt.Appendf(nil, "%s\t%s", key, e)
		}
		return elements
	})
}

func hashes(output string, parts func(line []byte) [][]byte) (string, error) {
	f, err := os.Open(output)
	if err != nil {
		return "", err
	}
	defer f.Close()
	all := bufio.NewScanner(f)
	all.Buffer(make([]byte, 1<<20), 64<<20)
	var n int
	var sum uint64
	for all.Scan() {
		for _, part := range parts(all.Bytes()) {
			h := fnv.New64a()
			_, _ = h.Write(part) // never fails
			sum += h.Sum64()
			n++
		}
	}
	return fmt.Sprintf("%d, sum of FNV %016x", n, sum), all.Err()
}

// sumsOfRows is the number of rows whose last cell is a stored histogram, with all buckets and all sums added up. Rows may
// come in any order, integers with a fraction of zero.
func sumsOfRows(output string) (string, error) {
	f, err := os.Open(output)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	var rows, samples, sum int64
	for lines.Scan() {
		line := lines.Bytes()
		array := bytes.Split(bytes.Trim(line[bytes.LastIndexByte(line, '\t')+1:], "[]"), []byte{','})
		if len(array) < 6 {
			return "", fmt.Errorf("row %d has no histogram: %.80q", rows+1, line)
		}
		for i, element := range array[:len(array)-4] {
			n, err := strconv.ParseInt(string(bytes.TrimSuffix(element, []byte(".0"))), 10, 64)
			if err != nil {
				return "", fmt.Errorf("row %d: %w", rows+1, err)
			}
			if i == len(array)-5 {
				sum += n
			} else {
				samples += n
			}
		}
		rows++
	}
	return fmt.Sprintf("%d rows, %d samples, sum %d", rows, samples, sum), lines.Err()
}
