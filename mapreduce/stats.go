package mapreduce

import (
	"fmt"
	"maps"
	"runtime/debug"
	"strings"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Stats is the account of a run: what was read, and what became of it. After a run that succeeded it balances; after
// one that failed it says how far it got.
type Stats struct {
	Files       int64 // read to their end
	StoredBytes int64 // of these files, as stored
	Bytes       int64 // decoded

	Damaged      int64 // files that were left aside; nothing of them counts. With Files, all that were selected
	DamagedBytes int64 // of these, as stored

	Lines   int64 // = Mapped + Skipped + Bad
	Mapped  int64
	Skipped int64
	Bad     int64

	Emitted  int64 // pairs of mapped records = Combined + Spilled; rows of a map-only job
	Combined int64 // with another pair of the same key, before they were spilled
	Spilled  int64 // = Merged + Values
	Merged   int64 // with another pair of the same key, when runs were merged
	Values   int64 // values given to Reduce
	Groups   int64 // keys
	Rows     int64
	Output   int64 // bytes

	Format  Format   // of the rows
	Columns []string // their names, if the job has any

	Inputs  []Input  // the files that were selected, in the order in which they are read
	Program *Program // of the workers, if Config.Receipt asks for it

	Formats      map[string]int64    // files by how they are stored: the text of a storage.Format, which tells what damage goes unnoticed
	SkippedBy    map[string]int64    // by reason
	Counts       map[string]int64    // the job's own counters
	BadBy        map[string]int64    // bad records by class, as in BadRecord
	BadRecords   []BadRecord         // the first few, in the order of the input
	DamagedFiles []DamagedFile       // likewise
	Strays       []Stray             // files in the store that are no record files
	Unmatched    []storage.Unmatched // values of the filter that no file or directory has

	MapTasks    int
	ReduceTasks int
	LostWorkers int // processes that died, hung or could not be reached
	Retried     int // attempts at a task that were lost, so that it was done again
	Runs        int // sorted files on disk between map and reduce
	RunBytes    int64

	MapTime    time.Duration
	ReduceTime time.Duration // with the joining of rows, if the output is a file
	CommitTime time.Duration // with the joining of those that are not joined yet

	Time        time.Duration // of the whole run
	CPUTime     time.Duration // of the workers, and of this process meanwhile
	MemoryLimit int64         // bytes for all processes
	PeakMemory  int64         // bytes of all processes, looked at five times a second; 0 where it is not known

	read int64 // pairs, from runs
}

// A BadRecord is a record that could not be used: a line that is none, one that Map refused, or one that no worker process
// survives.
type BadRecord struct {
	Path   string // slash path below the store
	Line   int64  // the first is 1
	Offset int64  // of the line in the decoded file
	Class  string // of the reason: line, value, error, panic, exit, crash, hang, memory or killed
	Reason string
	Detail string // a trace or the last words of a process; may be empty
}

// A DamagedFile is a file that a run left aside as a whole.
type DamagedFile struct {
	Path   string // slash path below the store
	Size   int64  // stored bytes
	Offset int64  // in the stored file: where reading stood when the damage was noticed
	Reason string
}

// A Stray is a file in the store that a run does not read.
type Stray struct {
	Path   string
	Reason string
}

// An Input is a file that a run reads.
type Input struct {
	Path    string // slash path below the store
	Size    int64  // stored bytes when the run began
	ModTime time.Time
	Read    bool   // to its end; then, if Config.Receipt asks for it,
	CRC32   uint32 // is the CRC-32 (IEEE) of its stored bytes, as the worker has read them
}

// A Program is a job program.
type Program struct {
	Path   string           // absolute
	SHA256 string           // in hex; empty if the file may be executed, but not read
	Build  *debug.BuildInfo // nil if the file does not have it
}

func (s *Stats) addMap(r worker.MapResult) {
	c := r.Counters
	s.Files += c[cFiles]
	s.StoredBytes += c[cStored]
	s.Bytes += c[cDecoded]
	s.Lines += c[cLines]
	s.Mapped += c[cMapped]
	s.Skipped += c[cSkipped]
	s.Bad += c[cBad]
	s.Emitted += c[cEmitted]
	s.Combined += c[cCombined]
	s.Spilled += c[cSpilled]
	s.Rows += c[cRows]
	for name, n := range c {
		if reason, ok := strings.CutPrefix(name, cSkipPrefix); ok {
			addTo(&s.SkippedBy, reason, n)
		} else if name, ok := strings.CutPrefix(name, cJobPrefix); ok {
			addTo(&s.Counts, name, n)
		} else if class, ok := strings.CutPrefix(name, cBadPrefix); ok {
			addTo(&s.BadBy, class, n)
		} else if format, ok := strings.CutPrefix(name, cFormatPrefix); ok {
			addTo(&s.Formats, format, n)
		}
	}
	for _, b := range r.Bad {
		if len(s.BadRecords) < maxBadListed {
			s.BadRecords = append(s.BadRecords, BadRecord(b))
		}
	}
	s.Runs += len(r.Runs)
	for _, run := range r.Runs {
		s.RunBytes += run.Bytes
	}
}

func addTo(m *map[string]int64, name string, n int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	(*m)[name] += n
}

func (s *Stats) addReduce(r worker.ReduceResult) {
	c := r.Counters
	s.read += c[cRead]
	s.Merged += c[cMerged]
	s.Values += c[cValues]
	s.Groups += c[cGroups]
	s.Rows += c[cRows]
}

// imbalance returns the error of an account that does not add up: something was lost or counted twice, so the answer cannot
// be trusted.
func imbalance(what string, in, out int64) error {
	return fmt.Errorf("the account does not balance: %s, %d against %d; the result was discarded", what, in, out)
}

// checkMap checks the account after the map tasks.
func (s *Stats) checkMap(files []worker.File, mapOnly bool) error {
	var size int64
	for _, f := range files {
		size += f.Size
	}
	switch {
	case s.Files+s.Damaged != int64(len(files)):
		return imbalance("files selected and read or damaged", int64(len(files)), s.Files+s.Damaged)
	case s.StoredBytes+s.DamagedBytes != size:
		return imbalance("bytes selected and read or damaged", size, s.StoredBytes+s.DamagedBytes)
	case s.Lines != s.Mapped+s.Skipped+s.Bad:
		return imbalance("lines read and records mapped, skipped or bad", s.Lines, s.Mapped+s.Skipped+s.Bad)
	case total(s.SkippedBy) != s.Skipped:
		return imbalance("records skipped and their reasons", s.Skipped, total(s.SkippedBy))
	case total(s.BadBy) != s.Bad:
		return imbalance("bad records and their classes", s.Bad, total(s.BadBy))
	case mapOnly && s.Rows != s.Emitted:
		return imbalance("pairs emitted and rows written", s.Emitted, s.Rows)
	case !mapOnly && s.Emitted != s.Combined+s.Spilled:
		return imbalance("pairs emitted and pairs combined or spilled", s.Emitted, s.Combined+s.Spilled)
	}
	return nil
}

func total(counts map[string]int64) (sum int64) {
	for n := range maps.Values(counts) {
		sum += n
	}
	return sum
}

// checkReduce checks the account after the reduce tasks.
func (s *Stats) checkReduce() error {
	switch {
	case s.Spilled != s.read:
		return imbalance("pairs spilled and pairs read", s.Spilled, s.read)
	case s.read != s.Merged+s.Values:
		return imbalance("pairs read and pairs reduced", s.read, s.Merged+s.Values)
	}
	return nil
}
