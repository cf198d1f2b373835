package mapreduce

import (
	"cmp"
	"os"
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
func (c *Config) memory() int64 { return cmp.Or(c.Memory, max(available(os.DirFS("/"))/2, minMemory)) }

// share is how many workers fit in the memory, and how large the heap of each may be.
func (c *Config) share() (workers int, heapBytes int64) {
	rest := c.memory() - ownBytes
	least := processBytes + minHeapBytes + 2*c.maxRecord()
	workers = max(1, min(c.workers(), int(rest/least)))
	return workers, rest/int64(workers) - processBytes
}
