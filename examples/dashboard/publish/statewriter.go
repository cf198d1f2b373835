package publish

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A Writer takes the rows of a run of the job, as TSV, and writes them to the state. Nothing of the state is another until
// Commit. One Writer at a time: Lock sees to that.
type Writer struct {
	state string
	days  map[string]*Manifest
	rest  []byte // the beginning of a line

	prefix []byte // of the lines of the part at hand: day and release
	day    *Manifest
	part   Part
	file   *storage.FileWriter
	temp   string // its name, until the content is known
	sum    hash.Hash
	made   []string // files that Close removes
}

// NewWriter returns a writer for the rows of these days of submission. What the state has of them is replaced, also if there
// are no rows.
func NewWriter(state string, days []string) *Writer {
	w := &Writer{state: state, days: map[string]*Manifest{}, sum: sha256.New()}
	for _, d := range days {
		w.days[d] = &Manifest{Day: d, Skipped: map[string]int64{}, Refused: map[string]int64{}, Parts: []Part{}}
	}
	return w
}

// Write takes rows, or parts of them.
func (w *Writer) Write(p []byte) (int, error) {
	n := len(p)
	if len(w.rest) > 0 {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			w.rest = append(w.rest, p...)
			return n, nil
		}
		w.rest = append(w.rest, p[:end]...)
		if err := w.row(w.rest); err != nil {
			return 0, err
		}
		w.rest, p = w.rest[:0], p[end:]
	}
	for {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			w.rest = append(w.rest, p...)
			return n, nil
		}
		if err := w.row(p[:end]); err != nil {
			return 0, err
		}
		p = p[end:]
	}
}

// row takes a row, line feed included.
func (w *Writer) row(line []byte) error {
	if w.file == nil || !bytes.HasPrefix(line, w.prefix) {
		if err := w.begin(line); err != nil {
			return err
		}
	}
	cells := line[len(w.prefix):]
	w.sum.Write(cells)
	_, err := w.file.Write(cells)
	return err
}

// begin begins the part that a row is the first of.
func (w *Writer) begin(line []byte) error {
	day, rest, ok1 := bytes.Cut(line, []byte("\t"))
	release, rest, ok2 := bytes.Cut(rest, []byte("\t"))
	prefix := line[:len(line)-len(rest)]
	m := w.days[string(day)]
	if !ok1 || !ok2 || m == nil || len(rest) == 0 || rest[0] != '\t' || !partName.MatchString(partStem(string(day), string(release))+".new"+partSuffix) ||
		bytes.Compare(prefix, w.prefix) <= 0 {
		return fmt.Errorf("not a row of the job for these days, or not in order: %.100q", line)
	}
	if err := w.end(); err != nil {
		return err
	}
	var groups job.Groups
	if err := json.Unmarshal(rest, &groups); err != nil {
		return fmt.Errorf("not the groups of a part: %.100q: %w", line, err)
	}
	w.prefix, w.day, w.part = bytes.Clone(prefix), m, Part{Release: string(release), Built: groups.Days(), Revisions: groups.Revisions}
	w.temp = filepath.Join(w.state, partStem(m.Day, w.part.Release)+".new"+partSuffix)
	w.sum.Reset()
	var err error
	w.file, err = storage.CreateFile(w.temp)
	return err
}

// end completes the part at hand.
func (w *Writer) end() error {
	if w.file == nil {
		return nil
	}
	defer w.file.Close()
	if err := w.file.Publish(); err != nil { // Commit syncs all
		return err
	}
	p := w.part
	p.Sum = hex.EncodeToString(w.sum.Sum(nil))
	p.File = p.name(w.day.Day)
	w.made = append(w.made, w.temp)
	final := filepath.Join(w.state, p.File)
	if _, err := os.Stat(final); err == nil {
		if err := os.Remove(w.temp); err != nil {
			return err
		}
	} else {
		if err := os.Rename(w.temp, final); err != nil {
			return err
		}
		w.made = append(w.made, final)
	}
	w.file = nil
	w.day.Parts = append(w.day.Parts, p)
	return nil
}

// Commit makes the rows what the state has of their days. stats are those of the run. Days appear one by one, each as a whole.
func (w *Writer) Commit(stats mapreduce.Stats) error {
	if len(w.rest) > 0 {
		return fmt.Errorf("not a row of the job: %.100q", w.rest)
	}
	if err := w.end(); err != nil {
		return err
	}
	if len(w.days) > 1 && stats.Bad > 0 {
		return fmt.Errorf("%d bad records of several days, of which nobody knows the day", stats.Bad)
	}
	for _, m := range w.days {
		m.Bad, m.Records = stats.Bad, stats.Bad
	}
	for name, n := range stats.Counts {
		day, kind, reason := job.Counter(name)
		m := w.days[day]
		if m == nil {
			return fmt.Errorf("the job counted %q", name)
		}
		switch kind {
		case job.Pings:
			m.Pings += n
			m.Records += n
		case job.Skipped:
			m.Skipped[reason] += n
			m.Records += n
		case job.Refused:
			m.Refused[reason] += n
		}
	}
	if err := w.writeManifests(); err != nil {
		return err
	}
	return removeParts(w.state, w.days)
}

// writeManifests makes the parts those of their days, once they are on the disk.
func (w *Writer) writeManifests() error {
	for _, m := range w.days {
		slices.SortFunc(m.Parts, func(a, b Part) int { return strings.Compare(a.Release, b.Release) })
		temp := filepath.Join(w.state, m.Day+newManifest)
		w.made = append(w.made, temp)
		if err := os.WriteFile(temp, encoded(m), 0o666); err != nil {
			return err
		}
	}
	syncFiles()
	w.made = nil
	for day := range w.days {
		if err := os.Rename(filepath.Join(w.state, day+newManifest), filepath.Join(w.state, day+manifestSuffix)); err != nil {
			return err
		}
	}
	return syncDir(w.state)
}

// Close removes what Commit has not made part of the state.
func (w *Writer) Close() {
	if w.file != nil {
		_ = w.file.Close() // it goes
		w.file = nil
	}
	for _, name := range w.made {
		_ = os.Remove(name) // what stays has a name that the next Commit knows
	}
}
