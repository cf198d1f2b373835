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
	"strconv"
)

// answerOf says in a line what the output of a job is.
func answerOf(job, output string) (string, error) {
	switch job {
	case "floor", "z", "start":
		return nothing(output)
	case "a":
		return text(output)
	case "b":
		return sumsOfRows(output)
	case "c":
		return lists(output)
	case "m", "s":
		return digestOfFile(output)
	}
	return lines(output)
}

// prove runs the checker on an output.
func prove(o options, c *contender, output string) (string, error) {
	return command(o.root, o.bin("check"), c.job, c.data, output)
}

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
