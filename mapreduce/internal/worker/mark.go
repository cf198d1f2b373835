package worker

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"time"
)

// A Mark is where a worker process says what it is at, in memory that it shares with the runner: what was written there
// last is there whatever becomes of the process. Saying it costs a few stores a record. The zero Mark is nobody's but the
// worker's own. Its methods are for one goroutine.
type Mark struct {
	at     int64 // one of the following
	file   int64 // of the task, from 0
	line   int64
	offset int64

	keyBytes   int64
	key        [1 << 10]byte
	stackBytes atomic.Int64
	stack      [32 << 10]byte
}

// What a worker is at.
const (
	atNothing = iota // reading, sorting, writing
	atRecord
	atKey
)

// Record says that the job's code is now given the record in this line of the n-th file of the task.
func (m *Mark) Record(file int, line, offset int64) {
	// No atomics: who reads this waits for the process to end, or looks at a process that has long stood still.
	m.file, m.line, m.offset, m.at = int64(file), line, offset, atRecord
}

// Key says that the job's code is now given the values of the key that text shows, of which the beginning is kept.
func (m *Mark) Key(text string) {
	m.keyBytes, m.at = int64(copy(m.key[:], text)), atKey
}

// Done says that the job's code has returned.
func (m *Mark) Done() { m.at = atNothing }

// dump leaves the stacks of this process, as far as they are of the job's code: that of the task first, without the callers
// of the job, then those of goroutines that the job has started.
func (m *Mark) dump() {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	var ofTask, others []byte
	for s := range bytes.SplitSeq(all, []byte("\n\n")) {
		switch {
		case bytes.Contains(s, []byte("/internal/worker.answer(")):
			if at := bytes.Index(s, []byte("\n"+enginePath)); at > 0 {
				s = s[:at]
			}
			ofTask = s
		case !isOurs(s):
			others = append(append(others, "\n\n"...), s...)
		}
	}
	n := copy(m.stack[:], append(ofTask, others...))
	m.stackBytes.Store(int64(max(n, 1)))
}

// enginePath is what the names of the engine's methods begin with that call the job's code.
const enginePath = "github.com/telemetry-mr/mr/mapreduce.(*"

// isOurs reports whether a stack is of the worker's own goroutines.
func isOurs(stack []byte) bool {
	for _, of := range []string{"google.golang.org/grpc", "github.com/hashicorp/go-plugin", "/internal/worker.", "runtime.goexit0", "os/signal."} {
		if bytes.Contains(stack, []byte(of)) {
			return true
		}
	}
	return false
}

// sight is what a runner sees in a Mark.
type sight struct {
	at, file, line, offset int64
	key, stack             string
}

func (m *Mark) look() sight {
	part := func(b []byte, n int64) string { return string(b[:min(max(n, 0), int64(len(b)))]) }
	return sight{
		at: m.at, file: m.file, line: m.line, offset: m.offset,
		key:   part(m.key[:], m.keyBytes),
		stack: part(m.stack[:], m.stackBytes.Load()),
	}
}

// dumpTime is how long a process that stands still has for its stacks.
const dumpTime = time.Second
