package mapreduce

import (
	"bufio"
	"bytes"
	"cmp"
	"os"
	"strconv"
)

const (
	// What this process takes of a run's memory: it plans and joins, and holds no record.
	ownBytes = 24 << 20
	// A worker holds a longest record up to three times: as read, as a pair, and in a block of a run.
	recordCopies = 3
)

// memory is what the whole tree of processes may use.
func (c *Config) memory() int64 { return cmp.Or(c.Memory, max(available()/2, MinMemory)) }

// share is how many workers fit in the memory, and what each may use.
func (c *Config) share() (workers int, each int64) {
	rest := c.memory() - ownBytes
	workers = max(1, min(c.workers(), int(rest/(recordCopies*c.maxRecord()))))
	return workers, rest / int64(workers)
}

// available is the memory that can be had without swapping, as the kernel has it; a small machine's where it does not say.
func available() int64 {
	const unknown = 1 << 30
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return unknown
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		f := bytes.Fields(s.Bytes())
		if len(f) == 3 && string(f[0]) == "MemAvailable:" {
			if kb, err := strconv.ParseInt(string(f[1]), 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return unknown
}
