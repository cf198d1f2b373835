package mapreduce

import (
	"fmt"
	"os"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

const (
	// What this process takes of a run's memory: it plans and joins, and holds no record, but knows all files.
	ownBytes  = 24 << 20
	knownFile = 512
	// What a worker takes besides its heap: the program, stacks, buffers of the kernel's.
	processBytes = 10 << 20
	// The least heap of a worker, besides a longest record as it is read and its copy as a pair.
	minHeapBytes = 8 << 20
)

// A MemoryError says that a worker needs more memory than its share of Config.Memory, whatever is tried: what the job keeps
// does not fit. More memory, or fewer workers, make the share larger.
type MemoryError struct{ Msg string }

func (e *MemoryError) Error() string { return e.Msg }

func memoryError(lost *worker.LostError, format string, args ...any) error {
	return &MemoryError{Msg: fmt.Sprintf(format, args...) + ": " + lost.Reason}
}

// memory is what the whole tree of processes may use.
func (c *Config) memory() int64 {
	if c.Memory != 0 {
		return c.Memory
	}
	return max(available(os.DirFS("/"))/2, minMemory)
}

// share is how many workers fit in the memory beside so many files, and how large the heap of each may be. Memory in which
// not even one fits is wrong usage.
func (c *Config) share(files int) (workers int, heapBytes int64, err error) {
	rest := c.memory() - ownBytes - int64(files)*knownFile
	least := processBytes + minHeapBytes + 2*c.maxRecord()
	workers = max(1, min(c.workers(), int(rest/least)))
	if heapBytes = rest/int64(workers) - processBytes; heapBytes < least-processBytes {
		what := ""
		if files > 0 {
			what = fmt.Sprintf(" in %d files", files)
		}
		return 0, 0, &ConfigError{
			Msg:  fmt.Sprintf("memory of %d bytes is too little for records of up to %d bytes%s", c.memory(), c.maxRecord(), what),
			Hint: "give more memory, or allow only shorter records",
		}
	}
	return workers, heapBytes, nil
}
