package ingest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// What lies below storage.StateDir of a store.
const (
	stageName  = "stage"    // a directory for each batch that is being made
	commitName = "commit"   // a record for each batch that is complete, and may not be in its place yet
	ledgerName = "consumed" // a line for each segment whose records are in the store
	idsName    = "ids"      // what --dedup knows
)

// A commit says what is left to do for a batch whose files are complete and on the disk. Whoever finds one does it.
type commit struct {
	Batch    string         `json:"batch"`
	Segments []segment      `json:"segments"`
	Files    []storage.Move `json:"files"`             // below the store
	Rejects  string         `json:"rejects,omitempty"` // directory of the next ones
	Store    string         `json:"store,omitempty"`   // key of the store in that directory; older ones have none
	Refused  []storage.Move `json:"refused,omitempty"`
	Counts   Counts         `json:"counts"`
}

// state is what a store remembers of ingesting. Its methods may be called by several goroutines.
type state struct {
	tree *storage.Tree
	root *os.Root // of the state directory
	lock *storage.Lock

	keepCounts bool // for statistics

	mu       sync.Mutex
	ledger   *os.File
	size     int64                // of the ledger
	consumed map[string]segment   // by name
	seen     map[string]time.Time // when one that is consumed, and still there, had been changed, as its sum was looked at
}

// openState locks the state of a store.
func openState(tree *storage.Tree, keepCounts bool) (_ *state, err error) {
	s := &state{tree: tree, keepCounts: keepCounts, consumed: map[string]segment{}, seen: map[string]time.Time{}}
	if s.lock, err = tree.Lock(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.root, err = os.OpenRoot(filepath.Join(tree.Dir(), storage.StateDir)); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	for _, sub := range []string{stageName, commitName, countsName, idsName} {
		if err := s.root.MkdirAll(sub, 0o777); err != nil {
			return nil, fmt.Errorf("opening the store: %w", err)
		}
	}
	if err := s.readLedger(); err != nil {
		return nil, fmt.Errorf("reading the list of consumed raw logs: %w", err)
	}
	if err := errors.Join(storage.SyncDir(s.root, "."), syncPath(tree.Dir())); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return s, nil
}

func (s *state) close() {
	if s.ledger != nil {
		_ = s.ledger.Close() // synced after each write
	}
	if s.root != nil {
		_ = s.root.Close() // a directory
	}
	s.lock.Release()
}

// readLedger reads the list. A line that was begun and not ended was written by a process that died: its batch has a commit.
func (s *state) readLedger() (err error) {
	if s.ledger, err = s.root.OpenFile(ledgerName, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	r := bufio.NewReader(s.ledger)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return s.ledger.Truncate(s.size)
		}
		if err != nil {
			return err
		}
		var seg segment
		if err := json.Unmarshal(line, &seg); err != nil {
			return fmt.Errorf("%s is damaged at byte %d: %w; a line may be removed: then a raw log of its name would be ingested again",
				s.path(ledgerName), s.size, err)
		}
		s.size += int64(len(line))
		s.consumed[seg.Name] = seg
	}
}

// enter adds those segments to the list that are not in it.
func (s *state) enter(segments []segment) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []byte
	for _, seg := range segments {
		if _, ok := s.consumed[seg.Name]; ok {
			continue
		}
		line, err := json.Marshal(seg)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	_, err := s.ledger.WriteAt(lines, s.size)
	if err == nil {
		err = s.ledger.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("listing raw logs as consumed: %w", err), s.ledger.Truncate(s.size))
	}
	s.size += int64(len(lines))
	for _, seg := range segments {
		s.consumed[seg.Name] = seg
	}
	return nil
}

// isConsumed tells whether the records of a segment are in the store. It is an error if those of another one of that name are.
func (s *state) isConsumed(seg segment, sumOf func(segment) (string, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.consumed[seg.Name]
	if !ok {
		return false, nil
	}
	if known.Bytes != seg.Bytes {
		return true, fmt.Errorf("raw log %s has %d bytes; one of that name with %d bytes is in the store already; under another name it would be ingested", seg.Name, seg.Bytes, known.Bytes)
	}
	if known.Sum == "" || s.seen[seg.Name].Equal(seg.modified) { // older stores have no sums
		return true, nil
	}
	sum, err := sumOf(seg)
	if err != nil {
		return true, err
	}
	if sum != known.Sum {
		return true, fmt.Errorf("raw log %s is not the one of that name and size that is in the store already; under another name it would be ingested", seg.Name)
	}
	s.seen[seg.Name] = seg.modified
	return true, nil
}

// recover does what commits say, and returns them, and removes what has been made for batches without one.
func (s *state) recover() (done []commit, err error) {
	names, err := s.names(commitName)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if path.Ext(name) != ".json" {
			if err := s.root.Remove(path.Join(commitName, name)); err != nil { // a record that was being written
				return done, err
			}
			continue
		}
		text, err := s.root.ReadFile(path.Join(commitName, name))
		if err != nil {
			return done, err
		}
		var c commit
		if err := json.Unmarshal(text, &c); err != nil {
			return done, fmt.Errorf("%s: %w", s.path(commitName, name), err)
		}
		if err := c.check(name, s.tree); err != nil {
			return done, fmt.Errorf("%s: %w", s.path(commitName, name), err)
		}
		if err := s.apply(c); err != nil {
			return done, err
		}
		done = append(done, c)
	}
	names, err = s.names(stageName)
	for _, name := range names {
		err = errors.Join(err, s.root.RemoveAll(path.Join(stageName, name)))
	}
	return done, err
}

// check sees to it that a commit, found under this name, does what this package has batches do, and no more: it moves files of its
// own stages. Else whoever can write the state of a store could have files moved and removed anywhere, in the name of the next Run.
func (c commit) check(name string, tree *storage.Tree) error {
	isOwn := len(c.Batch) == 16 && !strings.ContainsFunc(c.Batch, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
	if !isOwn || name != c.Batch+".json" {
		return fmt.Errorf("%q is not the name of its batch", c.Batch)
	}
	for _, m := range c.Files {
		isIDs := m.To == path.Join(storage.StateDir, idsName, c.Batch)
		if _, err := tree.File(m.To, 0); err != nil && !isIDs {
			return fmt.Errorf("%q is no place for a file of a batch", m.To)
		}
		if dir, base := path.Split(m.From); dir != path.Join(storage.StateDir, stageName, c.Batch)+"/" || !isName(base) {
			return fmt.Errorf("%q is not a file of the batch", m.From)
		}
	}
	if c.Store != "" && !isName(c.Store) {
		return fmt.Errorf("%q is no key of a store", c.Store)
	}
	for _, m := range c.Refused {
		category, base, _ := strings.Cut(m.To, "/")
		if !isName(category) || !isName(base) || !isName(m.From) {
			return fmt.Errorf("%q is no place for refused records", m.To)
		}
	}
	return nil
}

// isName reports whether a path has one component, which leads nowhere else.
func isName(path string) bool {
	return path != "." && fs.ValidPath(path) && !strings.ContainsAny(path, `/\`)
}

func (s *state) names(dir string) ([]string, error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	return names, errors.Join(err, d.Close())
}

// begin makes the directory for the files of a batch and returns its slash path below the store.
func (s *state) begin(id string) (string, error) {
	stage := path.Join(stageName, id)
	if err := errors.Join(s.root.RemoveAll(stage), s.root.MkdirAll(stage, 0o777), storage.SyncDir(s.root, stageName)); err != nil {
		return "", fmt.Errorf("beginning a batch: %w", err)
	}
	return path.Join(storage.StateDir, stage), nil
}

// discard removes what has been made for a batch, unless it is committed: then the next run does what is left.
func (s *state) discard(id string, refused *rejects) error {
	_, err := s.root.Lstat(path.Join(commitName, id+".json"))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(s.root.RemoveAll(path.Join(stageName, id)), refused.discard())
}

// commit makes a batch count, and puts its files in their place.
func (s *state) commit(c commit) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := storage.WriteFileIn(s.root, path.Join(commitName, c.Batch+".json"), text); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return s.apply(c)
}

// apply does what a commit says. It may do so again.
func (s *state) apply(c commit) error {
	if err := s.tree.Place(c.Files); err != nil {
		return err
	}
	if err := c.placeRejects(); err != nil {
		return err
	}
	if err := s.enter(c.Segments); err != nil {
		return err
	}
	if err := s.root.RemoveAll(path.Join(stageName, c.Batch)); err != nil {
		return err
	}
	name := path.Join(commitName, c.Batch+".json")
	if !s.keepCounts {
		return errors.Join(s.root.Remove(name), storage.SyncDir(s.root, commitName))
	}
	if err := s.root.Rename(name, path.Join(countsName, c.Batch+".json")); err != nil {
		return err
	}
	return errors.Join(storage.SyncDir(s.root, countsName), storage.SyncDir(s.root, commitName))
}

// syncPath is storage.SyncDir for a directory by its path.
func syncPath(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	return errors.Join(storage.SyncDir(root, "."), root.Close())
}

// IsPending tells whether a killed Run has left batches half in the store, which the next one completes. The caller has locked
// the store, so that no other is at work.
func IsPending(tree *storage.Tree) (bool, error) {
	pattern := filepath.Join(storage.StateDir, commitName)
	root, err := os.OpenRoot(tree.Dir())
	if err != nil {
		return false, fmt.Errorf("opening the store: %w", err)
	}
	defer root.Close() // a directory
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(pattern))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		if path.Ext(e.Name()) == ".json" {
			return true, nil
		}
	}
	return false, err
}
