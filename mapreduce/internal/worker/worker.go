// Package worker runs tasks of a job program in processes of their own. It is the only importer of go-plugin and gRPC;
// gRPC carries control alone: tasks down, progress and results up, never a record.
package worker

import (
	"context"
	"fmt"
)

// A Worker does the tasks of one job. The job program implements it for any key and value types; a [Process] implements
// it by asking a job program that runs in a process of its own. One task runs at a time.
type Worker interface {
	// Setup is the first call. It says what all tasks have in common and is answered by what the job is.
	Setup(ctx context.Context, s Setup) (Description, error)

	// Map reads the files of t and leaves sorted runs, or rows for a map-only job. It reports progress from
	// time to time, from one goroutine.
	Map(ctx context.Context, t MapTask, progress func(Progress)) (MapResult, error)

	// Reduce merges one key range of runs and leaves rows.
	Reduce(ctx context.Context, t ReduceTask, progress func(Progress)) (ReduceResult, error)
}

// Setup is what all tasks of a run have in common.
type Setup struct {
	Data        string // the store's directory, absolute
	Schema      []byte // its schema as JSON
	Format      string // of rows: "tsv", "csv" or "jsonl"
	MemoryBytes int64  // what this worker may use; 0 is no limit
	RunBytes    int64  // a table of this size is spilled; 0 derives it from MemoryBytes
	RecordBytes int64  // the longest record
	Checksums   bool   // of the input files are wanted
	Profile     string // beginning of the paths of this worker's profiles; "" is none
}

// A Description is what a job program says of its job.
type Description struct {
	Key, Value string // Go types, for people
	MapOnly    bool   // rows are written by map tasks, in input order
	Columns    []string
}

// A MapTask is a contiguous range of the store's files in path order. A large file may be spread over several tasks.
type MapTask struct {
	ID     int
	Prefix string // of the absolute names of the files that this attempt makes, and no other
	Files  []File
	MaxBad int64 // one more bad record ends the task with a *TaskError; negative is no bound

	Quarantine bool   // bad records are to be kept
	Probe      *Probe // the task is not to be done, but this
	Careful    bool   // after each record the task is to let the runner look at the process's memory; see Settle
}

// A Probe asks what the job does with one record, given alone: the task has no result, and does not fail, unless it is
// by the death of the process.
type Probe struct {
	Path   string
	Offset int64
}

// A File is one input of a map task: a file of the store, or a part of it.
type File struct {
	Path    string      // slash path below the store
	Size    int64       // stored bytes when the store was walked
	ModTime int64       // nanoseconds since 1970, then
	Part    Part        // what to read of it
	Aside   []BadRecord // records that are bad already: the job's code does not get them. In the order of their offsets
	Damaged bool        // it is known to be, and is not read
}

// A Part is a storage.Part: a range of a file, or the whole file if it is zero.
type Part struct{ Offset, Length, Line, Start, Bytes int64 }

// Bytes is how many stored bytes are to be read.
func (f File) Bytes() int64 {
	if f.Part == (Part{}) {
		return f.Size
	}
	return f.Part.Length
}

// First and Last report whether the part has the beginning of the file, and its end.
func (f File) First() bool { return f.Part.Offset == 0 }
func (f File) Last() bool  { return f.Part.Offset+f.Bytes() == f.Size }

// Counters are counts by name; the names are the engine's (see package mapreduce).
type Counters map[string]int64

// A MapResult lists what a map task left behind. Runs are in the order of their making.
type MapResult struct {
	Runs     []Run
	Rows     *Rows // of a map-only job
	Counters Counters
	Bad      []BadRecord // the first few bad records, in input order

	Checksums  []uint32 // CRC-32 (IEEE) of what was read of each of the task's Files, if they are wanted
	Quarantine *Rows    // all bad records, if they are to be kept; in a format of package mapreduce
}

// A Run is a sorted file on disk.
type Run struct {
	Path  string
	Bytes int64
	Pairs int64
	// Samples are keys of the run in ascending order, one for each stretch of about SampleBytes bytes of the run.
	Samples     [][]byte
	SampleBytes int64
}

// Rows are formatted output rows in a file.
type Rows struct {
	Path     string
	Bytes    int64
	Rows     int64
	Checksum uint32 // CRC-32 (IEEE) of the file
}

// A BadRecord tells where a record is that could not be used, and why.
type BadRecord struct {
	Path   string
	Line   int64
	Offset int64  // in the decoded file
	Class  string // a few words of package mapreduce's, or a [Class]
	Reason string
	Detail string // a trace or the last words of a process; may be empty
}

// A ReduceTask is a key range of all runs, Low <= key < High by bytes; nil is open.
type ReduceTask struct {
	ID        int
	Prefix    string
	Runs      []Run // in task order; samples are not sent
	Low, High []byte
	Careful   bool // the mark is to tell of each key
}

// A ReduceResult lists what a reduce task left behind.
type ReduceResult struct {
	Rows     Rows
	Counters Counters
}

// Progress is how far a task is. Steps grows with every record read and every value reduced, so a task whose Steps stand
// still is stuck in the job's code.
type Progress struct {
	Steps   int64
	Records int64 // records mapped, or pairs read from runs
	Bytes   int64 // stored bytes read
}

// A TaskError is the job's or the data's fault: doing the task again would end the same way.
type TaskError struct {
	BadData bool   // bad records beyond the budget, or a damaged file
	Damaged bool   // the file at Path is
	Path    string // of the record or file, if known
	Line    int64  // of the record, if known
	Offset  int64  // of the record in the decoded file, or of damage in the stored one
	Msg     string // the cause in the job's own words
	Detail  string // more lines, if there are any: a stack trace, the last words of a process. Msg has the first
}

func (e *TaskError) Error() string {
	switch {
	case e.Damaged:
		return fmt.Sprintf("%s: damaged near byte %d: %s", e.Path, e.Offset, e.Msg)
	case e.Path != "" && e.Line > 0:
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Msg)
	case e.Path != "":
		return fmt.Sprintf("%s: %s", e.Path, e.Msg)
	}
	return e.Msg
}

// A JobError says that the job cannot do any task, whatever the input: it lacks something, or a type or a name in it cannot
// be used.
type JobError struct {
	Msg  string
	Hint string // the likely cure
}

func (e *JobError) Error() string { return e.Msg }

// A LostError says that the worker's process died, hung or could not be reached. The task may well succeed in another.
type LostError struct {
	Class  Class
	Reason string // "signal: killed", "exit status 2", "no sign of life for 15s"
	Stderr string // the last lines that the process wrote, if any; Options.Stderr has got them, too
	Stack  string // of a process that got no further: where it stood, if it could tell
	Start  bool   // it never came up
	At     *Place // what the job's code was given when the process was lost; nil if that is nothing, or not known
}

func (e *LostError) Error() string {
	if e.Start {
		return "worker did not start: " + e.Reason
	}
	msg := "worker lost: " + e.Reason
	switch at := e.At; {
	case at == nil:
	case at.Key != "":
		msg += " (at key " + at.Key + ")"
	default:
		msg += fmt.Sprintf(" (at %s:%d)", at.Path, at.Line)
	}
	return msg
}

// A Class is a kind of death.
type Class string

// The classes of lost workers. Of Killed and Gone the job's code is likely innocent.
const (
	Exit   Class = "exit"   // the program ended itself
	Crash  Class = "crash"  // the Go runtime or a fault of the processor ended it
	Hang   Class = "hang"   // it got no further
	Memory Class = "memory" // it was to use more than it may
	Killed Class = "killed" // from outside
	Gone   Class = "gone"   // it was silent, did not start, or was stopped
)

// A Place is a record of a map task, or a key of a reduce task.
type Place struct {
	Path         string // of the record's file
	Line, Offset int64  // of the record, as in [BadRecord]
	Key          string // as text, or its beginning
}
