package shuffle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A Merger reads the entries of many runs within a key range as one sequence, in key order; entries of one key come in
// the order of their runs. It holds one block of each run in memory, about BlockBytes and the length of a key, and the
// values of one entry.
//
//	for m.Next() {
//		use(m.Key(), m.Count(), m.Values())
//	}
//	return m.Err()
type Merger struct {
	tree    tree
	started bool
	far     []byte // far values of the entry
	err     error
}

const (
	// MaxFanIn is a good bound where memory is plenty: more runs than this are faster merged in two passes.
	MaxFanIn = 512

	// BlockBytes is about what each run takes of a Merger's memory.
	BlockBytes = blockTarget + maxNear/2

	minFanIn = 8
)

// Merge opens runs, given in the order of their values, for the keys low <= key < high; nil is open. Where there are more
// than fanIn runs (or eight, if that is more), neighbours are first merged to longer ones, as few as will do, in files whose
// names begin with prefix. None of these is left when Merge returns.
//
// step is called from time to time while runs are written; its error ends Merge.
func Merge(runs []string, low, high []byte, fanIn int, prefix string, step func() error) (*Merger, error) {
	fanIn = max(fanIn, minFanIn)
	runs = slices.Clone(runs)
	made := map[string]bool{}
	defer func() {
		for path := range made {
			_ = os.Remove(path) // best effort: what is left goes at the end anyway
		}
	}()
	for at := 0; len(runs) > fanIn; at++ {
		n := min(fanIn, len(runs)-fanIn+1)
		if at+n > len(runs) {
			at = 0 // the next pass
		}
		path := fmt.Sprintf("%smerge-%05d.run", prefix, len(made))
		made[path] = true
		if err := mergeTo(path, runs[at:at+n], low, high, step); err != nil {
			return nil, err
		}
		for _, r := range runs[at : at+n] {
			if made[r] {
				_ = os.Remove(r) // best effort, to have the space
			}
		}
		runs = slices.Replace(runs, at, at+n, path)
	}
	// An open file is read on after its name is gone, and nothing is left behind if this process dies.
	return openMerger(runs, low, high)
}

func mergeTo(path string, runs []string, low, high []byte, step func() error) (err error) {
	m, err := openMerger(runs, low, high)
	if err != nil {
		return err
	}
	defer m.Close()
	w, err := CreateRun(path)
	if err != nil {
		return err
	}
	defer w.Close()
	for n := 0; m.Next(); n++ {
		if n%1024 == 0 {
			if err := step(); err != nil {
				return err
			}
		}
		if err := w.Add(m.Key(), m.Count(), m.Values()); err != nil {
			return err
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	_, err = w.Commit()
	return err
}

func openMerger(runs []string, low, high []byte) (*Merger, error) {
	m := &Merger{}
	for _, path := range runs {
		c, err := openCursor(path, low, high, &m.far)
		if err != nil {
			_ = m.Close() // only read
			return nil, err
		}
		if c.shared < 0 { // nothing in this range
			_ = c.close() // only read
			continue
		}
		m.tree.cursors = append(m.tree.cursors, c)
	}
	m.tree.build()
	return m, nil
}

// Next moves to the next entry. It returns false at the end and at an error.
func (m *Merger) Next() bool {
	if m.err != nil || len(m.tree.cursors) == 0 {
		return false
	}
	c := m.tree.first()
	if m.started {
		if m.err = c.next(); m.err != nil {
			return false
		}
		m.tree.replay()
		c = m.tree.first()
	}
	m.started = true
	if c.shared >= 0 && c.far {
		m.err = c.load(&m.far)
	}
	return c.shared >= 0 && m.err == nil
}

// Key returns the key of the entry. It is valid until the next call of Next.
func (m *Merger) Key() []byte { return m.tree.first().key }

// Count returns the number of the entry's values.
func (m *Merger) Count() int64 { return m.tree.first().count }

// Values returns the entry's values, each behind its length; see [NextValue]. It is valid until the next call of Next.
func (m *Merger) Values() []byte { return m.tree.first().values }

// Err returns the error that ended the sequence, if any.
func (m *Merger) Err() error { return m.err }

// Close closes the runs. The sequence is at its end.
func (m *Merger) Close() error {
	for _, c := range m.tree.cursors {
		_ = c.close() // only read
	}
	m.tree = tree{}
	return nil
}

// NextValue takes the first value off the values of an entry.
func NextValue(values []byte) (value, rest []byte, err error) {
	n, w := binary.Uvarint(values)
	if w <= 0 || n > uint64(len(values)-w) {
		return nil, nil, errors.New("value is longer than its entry")
	}
	end := w + int(n)
	return values[w:end:end], values[end:], nil
}
