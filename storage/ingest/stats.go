package ingest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// stats adds up counts, and appends those of each minute to a file.
type stats struct {
	path string
	stop chan struct{}
	done sync.WaitGroup

	mu    sync.Mutex
	total Counts
	part  Counts // since start
	start time.Time
	err   error
}

func newStats(path string) *stats {
	s := &stats{path: path, stop: make(chan struct{}), start: time.Now()}
	if path != "" {
		s.done.Go(s.everyMinute)
	}
	return s
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

// add adds the counts of a batch that is committed.
func (s *stats) add(c *Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.add(c)
	s.part.add(c)
}

// write appends a line. s.mu is held.
func (s *stats) write() {
	now := time.Now()
	line, err := s.part.line(s.start, now)
	if err == nil {
		err = appendTo(s.path, line)
	}
	if err != nil {
		s.err = fmt.Errorf("writing statistics: %w", err) // the next line has these counts, too
		return
	}
	s.part, s.start, s.err = Counts{}, now, nil
}

// appendTo appends in one write. The file is opened for each, so that others may rotate it.
func appendTo(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
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
