package worker

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A ProgramError says that a file is no job program that runs here. Starting it again would end the same way.
type ProgramError struct {
	Path   string
	Reason string // "there is no such file"
	Hint   string // the likely cure, "" if none is known
	Stderr string // the last lines that it printed, if it ran; Options.Stderr has got them, too
}

func (e *ProgramError) Error() string { return e.Path + ": " + e.Reason }

// A Program is a job program that stays the same while it is open, even if another file takes its name.
type Program struct {
	name string // as it was given
	path string
	file *os.File // nil where a file is executed by its name
	exec string   // what is executed
}

// Open returns a *ProgramError if name is no file that can be executed. Whether it is a job program shows when it starts.
// Scripts, and all programs on systems other than Linux, are found by their name at each start.
func Open(name string) (*Program, error) {
	path, err := program(name)
	if err != nil {
		return nil, err
	}
	p := &Program{name: name, path: path, exec: path}
	if err := p.pin(); err != nil {
		return nil, &ProgramError{Path: name, Reason: err.Error()}
	}
	return p, nil
}

// Path is where the program was when it was opened, absolute.
func (p *Program) Path() string { return p.path }

// Identify returns the SHA-256 of the program, in hex, and what the Go linker has noted in it, nil if that is nothing. What may
// be executed, but not read, has neither.
func (p *Program) Identify() (sum string, build *debug.BuildInfo, err error) {
	f, err := os.Open(p.exec)
	if errors.Is(err, fs.ErrPermission) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("reading the program: %w", err)
	}
	defer f.Close() // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", nil, fmt.Errorf("reading the program: %w", err)
	}
	if build, err = buildinfo.Read(f); err != nil {
		build = nil // it is no Go program, or a stripped one
	}
	return hex.EncodeToString(h.Sum(nil)), build, nil
}

// Close is called when no more processes will be started.
func (p *Program) Close() {
	if p.file != nil {
		_ = p.file.Close() // only read
	}
}

// program returns the path to execute, after a look at what can be known before.
func program(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return "", &ProgramError{Path: name, Reason: err.Error()}
	}
	info, err := os.Stat(path)
	switch {
	case name == "":
		return "", &ProgramError{Path: name, Reason: "the name of a job program is empty"}
	case errors.Is(err, fs.ErrNotExist):
		return "", &ProgramError{Path: name, Reason: "there is no such file", Hint: "build the job with go build -o " + name}
	case err != nil:
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return "", &ProgramError{Path: name, Reason: err.Error()}
	case info.IsDir():
		return "", &ProgramError{Path: name, Reason: "it is a directory, not a job program"}
	case !info.Mode().IsRegular():
		return "", &ProgramError{Path: name, Reason: "it is not a regular file"}
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return "", &ProgramError{Path: name, Reason: "it is not executable", Hint: "chmod +x " + name + ", if it is a job program"}
	}
	return path, nil
}

// launchError is what Start returns when the system could not execute path.
func launchError(path string, err error) error {
	if isTransient(err) {
		return &LostError{Class: Gone, Start: true, Reason: err.Error()}
	}
	e := &ProgramError{Path: path, Reason: err.Error()}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		e.Reason = pe.Err.Error()
	}
	switch {
	case isForeign(err):
		e.Reason = fmt.Sprintf("it is not a program for %s/%s", runtime.GOOS, runtime.GOARCH)
		e.Hint = "build the job on this machine, or with GOOS=" + runtime.GOOS + " GOARCH=" + runtime.GOARCH
	case errors.Is(err, fs.ErrNotExist):
		e.Reason = "the interpreter or loader that it names is missing"
		e.Hint = "build the job with CGO_ENABLED=0"
	}
	return e
}

func notServedError(path, status, stderr string) error {
	e := &ProgramError{Path: path, Stderr: stderr}
	if status == "exit status 0" {
		e.Reason = "it is not a job program: it exited before calling mapreduce.Serve"
	} else {
		e.Reason = fmt.Sprintf("it exited before calling mapreduce.Serve (%s)", status)
	}
	if stderr == "" {
		e.Hint = "a job program is a Go program whose main function ends with mapreduce.Serve(job)"
	}
	return e
}

func versionError(path string, version int64) error {
	return &ProgramError{
		Path: path,
		Reason: fmt.Sprintf("it was built with another version of mr (worker protocol %d, not %d)",
			version, protocolVersion),
		Hint: "build the job again with the version of github.com/telemetry-mr/mr that this mr has",
	}
}

// passedOn are the variables that a worker gets from this process, besides LC_*: what programs need to find their way,
// none that is likely to hold a secret.
var passedOn = []string{
	"PATH", "HOME", "TMPDIR", "LANG", "TZ", "USER", "XDG_CACHE_HOME",
	"GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "GOGC", "GOMAXPROCS", "GORACE",
}

// environ is the environment of a worker, but for what go-plugin adds. Later entries win: defaults, then this process's
// own variables, then what o says.
func environ(o Options) []string {
	env := []string{"GOGC=400", "GOMAXPROCS=1"}
	for _, name := range passedOn {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LC_") {
			env = append(env, v)
		}
	}
	if o.MaxProcs > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(o.MaxProcs))
	}
	if o.MemoryBytes > 0 {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(o.MemoryBytes, 10))
	}
	return append(env, o.Env...)
}
