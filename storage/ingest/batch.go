package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A segment is a finished raw log.
type segment struct {
	Name  string `json:"segment"`
	Bytes int64  `json:"bytes"`

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
