package mapreduce

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Config says what a run reads, where its result goes, and what it may use.
type Config struct {
	Data   string          // the store's directory
	Schema *storage.Schema // nil is the store's own
	Filter filter.Filter   // nil selects everything

	Output  string    // the file that appears on success; "" writes to Stdout
	Format  Format    // of the rows; "" is what the extension of Output says, else TSV
	Stdout  io.Writer // nil is os.Stdout. A Write that has not returned when the run is cancelled goes on after it
	Stderr  io.Writer // what the job prints goes here, as it comes; nil is os.Stderr
	WorkDir string    // where the run keeps its own files; "" is beside Output, or the temporary directory

	Workers    int   // 0 is one for each processor
	Partitions int   // reduce tasks; 0 chooses by size. The output does not depend on it
	Memory     int64 // bytes, for this process and all workers; 0 is half of what is available
	MaxBad     Budget

	// Quarantine is a directory for the bad data of a run that succeeds, "" is none. It is not in the store. It gets two files,
	// which replace those of an earlier run, just before the output appears; a run that fails leaves it as it is. Like the
	// output, they are the same for any number of workers.
	//
	// quarantine.jsonl has a line for each damaged file, then one for each bad record, both in the order of the input. The
	// members of a record are file, its slash path below the store; line, from 1; offset and length, of the line with its end
	// in the decoded file; key, its first 256 bytes, if the line is a record; class and reason as in [BadRecord], the reason
	// cut after 4 KiB; raw, with offset, length and crc32 (IEEE, in hex) of its bytes in quarantine.raw. Of a damaged file the
	// class is "damaged", offset is that of [DamagedFile], length the size of the file; there is no line, key or raw. Bytes
	// that are not UTF-8 are spelled \xNN.
	//
	// quarantine.raw has the bad records themselves, each as a line: its first MiB, without the line end that it had, and none
	// of a line that is longer than MaxRecord, which has no raw in the list. So what is mended can be read again as records.
	//
	// A process that is killed between the two leaves the raw file of this run beside the list of the one before, which its
	// checksums show, and the output of that one; after that, the quarantine of this run beside the output before. Then the run
	// is to be done again.
	Quarantine string

	MaxRecord     int64         // bytes of the longest record; 0 is 16 MiB
	RecordTimeout time.Duration // a worker that gets no further for so long is stopped; 0 is one minute
	StartTimeout  time.Duration // for a worker to come up; 0 is 30 seconds

	// Receipt asks for what a report of the run is to have beside its account: Stats.Program, and the checksums of
	// Stats.Inputs, which cost about a hundredth of the time.
	Receipt bool
	// Profile is a directory, made if it is not there, for CPU and heap profiles of each worker process, as go tool pprof
	// reads them: worker-1.cpu.pprof, worker-1.heap.pprof and so on. Such files of an earlier run are removed. A worker that
	// is lost leaves none. "" is none; [Local] has none.
	Profile string

	// Planned, if set, is called when the files are known, before the first is read. Of the stats, Strays and Unmatched are
	// there. It is called also if there is no file.
	Planned func(Stats)

	// Progress, if it is not nil, is called about five times a second, by one goroutine, until Run returns.
	Progress func(Progress)
}

const (
	minMemory  = 128 << 20
	mostRecord = 1 << 30
)

// ErrNoInput says that the filter selects no file. An output that is there stays as it is.
var ErrNoInput = errors.New("no file of the store matches")

// A ConfigError says that a run cannot begin as it is configured, and how to mend that.
type ConfigError struct {
	Msg  string
	Hint string // may be empty
}

func (e *ConfigError) Error() string { return e.Msg }

// A TaskError is what ended a run: the job's or the data's fault, at a record or a file if that is known.
type TaskError = worker.TaskError

// A JobError says that the job cannot run, whatever the input, and how to mend that: it has no Map, or a type or a name in
// it cannot be used.
type JobError = worker.JobError

// A ProgramError says that the job program cannot be started, or is no job program.
type ProgramError = worker.ProgramError

// check finds what is wrong with c before anything is read or written.
func (c *Config) check() error {
	switch {
	case c.Workers < 0:
		return &ConfigError{Msg: fmt.Sprintf("the number of workers cannot be %d", c.Workers), Hint: "0 is one for each processor"}
	case c.Partitions < 0:
		return &ConfigError{Msg: fmt.Sprintf("the number of partitions cannot be %d", c.Partitions), Hint: "0 chooses by size"}
	case c.Memory != 0 && c.Memory < minMemory:
		return &ConfigError{Msg: fmt.Sprintf("memory of %d bytes is too little", c.Memory), Hint: fmt.Sprintf("give at least %d MiB", minMemory>>20)}
	case c.MaxRecord < 0 || c.MaxRecord > mostRecord:
		return &ConfigError{Msg: fmt.Sprintf("the longest record cannot be %d bytes", c.MaxRecord), Hint: "at most 1 GiB"}
	case c.MaxBad.N < 0 || !(c.MaxBad.Percent >= 0 && c.MaxBad.Percent <= 100):
		return &ConfigError{Msg: "the budget for bad records is negative or more than all"}
	case c.RecordTimeout < 0 || c.StartTimeout < 0:
		return &ConfigError{Msg: "a timeout cannot be negative"}
	}
	if _, _, err := c.share(0); err != nil {
		return err
	}
	if _, err := c.format(); err != nil {
		return err
	}
	return c.checkPlaces()
}

// resolveQuarantine returns where the quarantine is. It is no place in the store, where its files would be strays.
func resolveQuarantine(c *Config) (string, error) {
	if c.Quarantine == "" {
		return "", nil
	}
	info, err := os.Stat(c.Quarantine)
	if err == nil && !info.IsDir() {
		return "", &ConfigError{Msg: fmt.Sprintf("the quarantine %s is not a directory", c.Quarantine)}
	}
	dir, err := resolvedDir(c.Quarantine)
	if err != nil {
		return "", &ConfigError{Msg: fmt.Sprintf("the quarantine %s: %v", c.Quarantine, err), Hint: "make the directory around it first"}
	}
	data, err := resolvedDir(c.Data)
	if err != nil {
		return "", fmt.Errorf("the store: %w", err)
	}
	if rel, err := filepath.Rel(data, dir); err == nil && filepath.IsLocal(rel) {
		return "", &ConfigError{Msg: fmt.Sprintf("the quarantine %s is in the store", c.Quarantine), Hint: "choose a directory outside of it"}
	}
	if c.Output != "" && (c.Output == dir || c.Output == filepath.Join(dir, quarantineList) || c.Output == filepath.Join(dir, quarantineRaw)) {
		return "", &ConfigError{Msg: fmt.Sprintf("the output %s is in the way of the quarantine", c.Output)}
	}
	return dir, nil
}

// resolvedDir is the absolute path of a directory, behind symbolic links. It need not be there, but the one around it.
func resolvedDir(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if dir, err := filepath.EvalSymlinks(abs); err == nil {
		return dir, nil
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	return filepath.Join(parent, filepath.Base(abs)), err
}

// checkPlaces looks for the directories that the run's own files go to.
func (c *Config) checkPlaces() error {
	if !isDir(os.TempDir()) {
		return &ConfigError{
			Msg:  fmt.Sprintf("the directory for temporary files, %s, is not there", os.TempDir()),
			Hint: "TMPDIR names another",
		}
	}
	if c.WorkDir != "" && !isDir(c.WorkDir) {
		return &ConfigError{Msg: fmt.Sprintf("the work directory %s is no directory", c.WorkDir), Hint: "make it first"}
	}
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func (c *Config) workers() int { return cmp.Or(c.Workers, runtime.GOMAXPROCS(0)) }

func (c *Config) maxRecord() int64 { return cmp.Or(c.MaxRecord, 16<<20) }

func (c *Config) stdout() io.Writer {
	if c.Stdout == nil {
		return os.Stdout
	}
	return c.Stdout
}

func (c *Config) stderr() io.Writer {
	if c.Stderr == nil {
		return os.Stderr
	}
	return c.Stderr
}

// lockedWriter lets several workers write lines to one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
