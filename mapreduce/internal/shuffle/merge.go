package shuffle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// A Merger reads the entries of many runs within a key range as one sequence, in key order; entries of one key come in
// the order of their runs. It holds one block of each run in memory.
//
//	for m.Next() {
//		use(m.Key(), m.Count(), m.Values())
//	}
//	return m.Err()
type Merger struct {
	cursors []*cursor
	losers  []int32 // loser tree: losers[0] is the winner, losers[i] lost the match at node i
	started bool
	err     error
}

const (
	// MaxFanIn is a good bound where memory is plenty: more runs than this are faster merged in two passes.
	MaxFanIn = 512

	// BlockBytes is about what each run takes of a Merger's memory, where values are small.
	BlockBytes = blockTarget + blockTarget/4

	minFanIn = 8
)

// Merge opens runs, given in the order of their values, for the keys low <= key < high; nil is open. Where there are more
// than fanIn runs, neighbours are first merged to longer ones, which are written to dir and removed by Close.
func Merge(runs []string, low, high []byte, fanIn int, dir string) (*Merger, error) {
	fanIn = max(fanIn, minFanIn)
	var made []string
	for pass := 0; len(runs) > fanIn; pass++ {
		longer, err := mergePass(runs, low, high, fanIn, filepath.Join(dir, fmt.Sprintf("merge-%d", pass)))
		removeAll(made)
		if err != nil {
			return nil, err
		}
		runs, made = longer, longer
	}
	m, err := openMerger(runs, low, high)
	// An open file is read on after its name is gone, and nothing is left behind if this process dies.
	removeAll(made)
	return m, err
}

// mergePass merges each fanIn neighbours into one run.
func mergePass(runs []string, low, high []byte, fanIn int, prefix string) ([]string, error) {
	var longer []string
	for len(runs) > 0 {
		n := min(fanIn, len(runs))
		path := fmt.Sprintf("%s-%04d.run", prefix, len(longer))
		if err := mergeTo(path, runs[:n], low, high); err != nil {
			removeAll(longer)
			return nil, err
		}
		longer, runs = append(longer, path), runs[n:]
	}
	return longer, nil
}

func mergeTo(path string, runs []string, low, high []byte) error {
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
	for m.Next() {
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

func removeAll(paths []string) {
	for _, p := range paths {
		_ = os.Remove(p) // the attempt's directory goes as a whole anyway
	}
}

func openMerger(runs []string, low, high []byte) (*Merger, error) {
	m := &Merger{}
	for i, path := range runs {
		c, err := openCursor(path, low, high, i)
		if err != nil {
			_ = m.Close()
			return nil, err
		}
		if c.done { // nothing in this range
			_ = c.close()
			continue
		}
		m.cursors = append(m.cursors, c)
	}
	m.build()
	return m, nil
}

// build plays all matches once.
func (m *Merger) build() {
	n := len(m.cursors)
	m.losers = make([]int32, max(n, 1))
	winners := make([]int32, 2*n)
	for i := range n {
		winners[n+i] = int32(i)
	}
	for i := n - 1; i > 0; i-- {
		a, b := winners[2*i], winners[2*i+1]
		if m.less(b, a) {
			a, b = b, a
		}
		winners[i], m.losers[i] = a, b
	}
	if n > 1 {
		m.losers[0] = winners[1]
	}
}

// less reports whether cursor a is to be read before cursor b.
func (m *Merger) less(a, b int32) bool {
	x, y := m.cursors[a], m.cursors[b]
	if x.done || y.done {
		return !x.done
	}
	if x.window != y.window {
		return x.window < y.window
	}
	if c := bytes.Compare(x.key, y.key); c != 0 {
		return c < 0
	}
	return x.order < y.order
}

// Next moves to the next entry. It returns false at the end and at an error.
func (m *Merger) Next() bool {
	if m.err != nil || len(m.cursors) == 0 {
		return false
	}
	top := m.losers[0]
	if m.started {
		if m.err = m.cursors[top].next(); m.err != nil {
			return false
		}
		for i := (int(top) + len(m.cursors)) / 2; i > 0; i /= 2 {
			if m.less(m.losers[i], top) {
				m.losers[i], top = top, m.losers[i]
			}
		}
		m.losers[0] = top
	}
	m.started = true
	return !m.cursors[top].done
}

// Key returns the key of the entry. It is valid until the next call of Next.
func (m *Merger) Key() []byte { return m.cursors[m.losers[0]].key }

// Count returns the number of the entry's values.
func (m *Merger) Count() int64 { return m.cursors[m.losers[0]].count }

// Values returns the entry's values, each behind its length; see [NextValue]. It is valid until the next call of Next.
func (m *Merger) Values() []byte { return m.cursors[m.losers[0]].values }

// Err returns the error that ended the sequence, if any.
func (m *Merger) Err() error { return m.err }

// Close closes the runs.
func (m *Merger) Close() error {
	for _, c := range m.cursors {
		_ = c.close() // only read
	}
	m.cursors = nil
	return nil
}

// NextValue takes the first value off the values of an entry.
func NextValue(values []byte) (value, rest []byte, err error) {
	n, w := binary.Uvarint(values)
	if w <= 0 || n > uint64(len(values)-w) {
		return nil, nil, fmt.Errorf("value is longer than its entry")
	}
	end := w + int(n)
	return values[w:end:end], values[end:], nil
}
