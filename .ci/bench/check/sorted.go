package main

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
)

// sorted checks job s: the same records, in the order of their ids.
type sorted struct {
	mu   sync.Mutex
	left uint64 // sum of the digests of the store's records, less that of the rows
	n    int
	rows int
	last []byte
}

func newSorted() *sorted { return new(sorted) }

func (s *sorted) ping(_ []string, id, value []byte) error {
	d := digest(id, value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left += d
	s.n++
	return nil
}

func (s *sorted) row(cells [][]byte) error {
	if len(cells) != 2 {
		return fmt.Errorf("%d cells", len(cells))
	}
	if bytes.Compare(cells[0], s.last) < 0 {
		return fmt.Errorf("id %s after %s", cells[0], s.last)
	}
	s.last = append(s.last[:0], cells[0]...)
	s.left -= digest(cells[0], cells[1])
	s.rows++
	return nil
}

func (s *sorted) end() (string, error) {
	if s.rows != s.n {
		return "", fmt.Errorf("%d rows, want %d", s.rows, s.n)
	}
	if s.left != 0 {
		return "", errors.New("the rows are not the records of the store")
	}
	return fmt.Sprintf("s: %d records are in order", s.n), nil
}
