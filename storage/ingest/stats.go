package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// stats adds up counts, and appends those of each minute to a file. Those of a batch come into the file once, whatever is killed
// when: see unreported.
type stats struct {
	path  string
	state *state
	stop  chan struct{}
	done  sync.WaitGroup

	mu      sync.Mutex
	total   Counts
	part    Counts   // since start
	batches []string // that are in part
	start   time.Time
	err     error
}

// newStats writes what the last run has not, and begins.
func newStats(path string, state *state) (*stats, error) {
	s := &stats{path: path, state: state, stop: make(chan struct{}), start: time.Now()}
	if path == "" {
		return s, nil
	}
	err := appendTo(path, nil) // find out now
	if err == nil {
		err = state.settle(path)
	}
	var left []commit
	if err == nil {
		left, err = state.unreported()
	}
	if err != nil {
		return nil, fmt.Errorf("writing statistics: %w", err)
	}
	for _, c := range left {
		s.part.add(&c.Counts)
		s.batches = append(s.batches, c.Batch)
	}
	s.done.Go(s.everyMinute)
	return s, nil
}

func (s *stats) everyMinute() {
	tick := time.NewTicker(statsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.mu.Lock()
			s.write()
			s.mu.Unlock()
		case <-s.stop:
			return
		}
	}
}

// add adds counts; batch is "" if they are of none.
func (s *stats) add(batch string, c *Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.add(c)
	s.part.add(c)
	if batch != "" {
		s.batches = append(s.batches, batch)
	}
}

// write appends a line. s.mu is held.
func (s *stats) write() {
	now := time.Now()
	s.err = s.state.settle(s.path)
	if s.err == nil {
		var line []byte
		if line, s.err = s.part.line(s.start, now); s.err == nil {
			s.err = s.state.report(line, s.batches)
		}
		if s.err == nil { // else the next line has these counts, too
			s.part, s.batches, s.start = Counts{}, nil, now
			s.err = s.state.settle(s.path)
		}
	}
	if s.err != nil {
		s.err = fmt.Errorf("writing statistics: %w", s.err)
	}
}

// close writes the last line and returns the sum of all.
func (s *stats) close() (Counts, error) {
	close(s.stop)
	s.done.Wait()
	if s.path != "" {
		s.write()
	}
	return s.total, s.err
}

// appendTo appends a line, which is on the disk then, unless it is there. The file is opened for each, so that others may rotate
// it.
func appendTo(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	isFile := err == nil && info.Mode().IsRegular()
	var end []byte
	if isFile {
		end, err = readEnd(path, info.Size(), int64(len(line)))
	}
	if err != nil || len(line) == 0 || bytes.Contains(end, line) {
		return errors.Join(err, f.Close())
	}
	if len(end) > 0 && end[len(end)-1] != '\n' { // a disk was full
		line = append([]byte("\n"), line...)
	}
	_, err = f.Write(line)
	if err == nil && isFile {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// readEnd reads what a file ends with: some more than most bytes.
func readEnd(path string, size, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	const others = 64 << 10 // what other programs may have appended since
	end, err := io.ReadAll(io.NewSectionReader(f, max(0, size-most-others), most+others))
	return end, errors.Join(err, f.Close())
}
