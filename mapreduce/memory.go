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
	// What a worker takes besides its heap: the program, stacks, buffers of the kernel's.
	processBytes = 10 << 20
	// The least heap of a worker, besides a longest record as it is read and its copy as a pair.
	minHeapBytes = 8 << 20
)

// memory is what the whole tree of processes may use.
func (c *Config) memory() int64 { return cmp.Or(c.Memory, max(available()/2, minMemory)) }

// share is how many workers fit in the memory, and how large the heap of each may be.
func (c *Config) share() (workers int, heapBytes int64) {
	rest := c.memory() - ownBytes
	least := processBytes + minHeapBytes + 2*c.maxRecord()
	workers = max(1, min(c.workers(), int(rest/least)))
	return workers, rest/int64(workers) - processBytes
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
