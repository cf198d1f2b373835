package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/telemetry-mr/mr/storage"
)

// The counts of a batch are in its commit, which is kept in countsName until a line of statistics has them. A line is written
// down in reportName, with its batches, before it is appended, and gone from there when the counts of these are removed: so
// whoever finds one there appends it, if it is not at the end of the file already, and removes them.
const (
	countsName = "counts"
	reportName = "counts/report.json"
)

// A report is a line of statistics that may not be in its file yet.
type report struct {
	Line    string   `json:"line"`
	Batches []string `json:"batches"`
}

// unreported returns the commits of the batches whose counts no line has. No report is left.
func (s *state) unreported() ([]commit, error) {
	names, err := s.names(countsName)
	if err != nil {
		return nil, err
	}
	var all []commit
	for _, name := range names {
		if path.Ext(name) != ".json" { // a report that was being written
			if err := s.root.Remove(path.Join(countsName, name)); err != nil {
				return nil, err
			}
			continue
		}
		var c commit
		if err := s.readJSON(path.Join(countsName, name), &c); err != nil {
			return nil, err
		}
		if name != c.Batch+".json" {
			return nil, fmt.Errorf("%s is not of batch %q", s.path(countsName, name), c.Batch)
		}
		all = append(all, c)
	}
	return all, nil
}

// report writes down a line that is to be appended.
func (s *state) report(line []byte, batches []string) error {
	text, err := json.Marshal(report{string(line), batches})
	if err != nil {
		return err
	}
	return storage.WriteFileIn(s.root, reportName, text)
}

// settle appends the line that is written down, if there is one.
func (s *state) settle(file string) error {
	var r report
	err := s.readJSON(reportName, &r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = appendTo(file, []byte(r.Line))
	}
	if err != nil {
		return err
	}
	for _, batch := range r.Batches {
		if !isName(batch) {
			return fmt.Errorf("%s: %q is no batch", s.path(reportName), batch)
		}
		if err := s.root.Remove(path.Join(countsName, batch+".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := storage.SyncDir(s.root, countsName); err != nil {
		return err
	}
	return errors.Join(s.root.Remove(reportName), storage.SyncDir(s.root, countsName))
}

// readJSON reads what is remembered of counts.
func (s *state) readJSON(name string, into any) error {
	text, err := s.root.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s is damaged: %w; it may be removed: then the statistics lack its counts", s.path(name), err)
	}
	return nil
}

// path is for messages.
func (s *state) path(elem ...string) string {
	return filepath.Join(append([]string{s.root.Name()}, elem...)...)
}
