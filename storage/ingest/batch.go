package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A segment is a finished raw log.
type segment struct {
	Name  string `json:"segment"`
	Bytes int64  `json:"bytes"`
	Sum   string `json:"sum,omitempty"` // of what it begins and ends with, known when it is read

	modified time.Time
}

// A batch is segments whose records come into the store together.
type batch struct {
	segments []segment
	bytes    int64
}

// id names the batch, by its segments.
func (b batch) id() string {
	h := sha256.New()
	for _, s := range b.segments {
		fmt.Fprintf(h, "%d %s\x00", s.Bytes, s.Name)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// segments lists the finished raw logs of a directory, in the order in which they were begun.
func segments(raw *os.Root) ([]segment, error) {
	names, err := rawlog.Finished(raw.Name())
	if err != nil {
		return nil, err
	}
	var list []segment
	for _, name := range names {
		info, err := raw.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) { // put away by somebody else
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing raw logs: %w", err)
		}
		list = append(list, segment{Name: name, Bytes: info.Size(), modified: info.ModTime()})
	}
	return list, nil
}

// plan divides segments into batches. A batch is full, and complete, when it has so many bytes; only the last one is not. So
// the batches that are left after some have been done are those that they were before.
func plan(list []segment, full int64) []batch {
	var batches []batch
	var b batch
	for _, s := range list {
		b.segments = append(b.segments, s)
		if b.bytes += s.Bytes; b.bytes >= full {
			batches = append(batches, b)
			b = batch{}
		}
	}
	if len(b.segments) > 0 {
		batches = append(batches, b)
	}
	return batches
}

// sumSize is how much of each end of a segment its sum is of. The ends tell segments apart: a receiver's begins with a number by
// chance, or else with the time of its first record.
const sumSize = 64 << 10

// sum makes the sum of a segment.
func sum(file io.ReaderAt, bytes int64) (string, error) {
	h := sha256.New()
	for _, from := range []int64{0, max(0, bytes-sumSize)} {
		if _, err := io.Copy(h, io.NewSectionReader(file, from, sumSize)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// sumOf is the sum of the segment that has that name now.
func (r *run) sumOf(seg segment) (string, error) {
	file, err := r.raw.Open(seg.Name)
	if err != nil {
		return "", fmt.Errorf("opening raw log: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	return sum(file, seg.Bytes)
}
