package mapreduce

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/telemetry-mr/mr/storage"
)

// An InUseError says that another run holds the output.
type InUseError struct {
	Output string
	Holder string // who, for people: "process 4711, since 2026-01-02 03:04:05"
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is being written by another run (%s)", e.Output, e.Holder)
}

// lockOutput locks output for this run, by a file beside it. That of a run which was killed is taken over.
func lockOutput(output string) (*storage.Lock, error) {
	dir, base := filepath.Split(output)
	l, err := storage.LockFile(filepath.Join(dir, "."+base+".lock"))
	if e, ok := errors.AsType[*storage.InUseError](err); ok {
		return nil, &InUseError{Output: output, Holder: e.Holder}
	}
	if err != nil {
		return nil, fmt.Errorf("locking output: %w", err)
	}
	return l, nil
}
