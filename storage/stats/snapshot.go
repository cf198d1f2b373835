package stats

import (
	"cmp"
	"slices"
	"time"
)

// A Snapshot is what a Set had at a time.
type Snapshot struct {
	Time    time.Time         `json:"time"`
	Since   time.Time         `json:"since"` // of the totals
	Windows []Window          `json:"windows"`
	Series  []Series          `json:"series"`                // by key; of a dimension those with most in the last day first
	Dropped map[string]uint64 `json:"not_counted,omitempty"` // by source: there was no room
}

// A Series is what was counted under a key.
type Series struct {
	Key
	Total  Sum               `json:"total"`  // since Snapshot.Since
	Recent map[string]Recent `json:"recent"` // by window
}

// Recent is what was counted in a window.
type Recent struct {
	Sum
	Rate   float64  `json:"rate"`             // things a second
	Counts []uint64 `json:"counts,omitempty"` // by row, the newest last
	Bytes  []uint64 `json:"bytes_by_row,omitempty"`
}

// Snapshot is what the set has now. Of each dimension it has the top values, all if top is 0; series of everything have their
// rows.
func (s *Set) Snapshot(now time.Time, top int) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := Snapshot{Time: now.UTC(), Since: s.since.UTC(), Windows: Windows, Series: []Series{}}
	for k, f := range s.families {
		var all []Series
		for value, one := range f.values {
			k.Value = value
			all = append(all, one.snapshot(k, now, s.since))
		}
		slices.SortFunc(all, func(a, b Series) int {
			return cmp.Or(cmp.Compare(b.Recent["day"].Count, a.Recent["day"].Count), cmp.Compare(a.Value, b.Value))
		})
		if top > 0 && len(all) > top {
			all = all[:top]
		}
		snap.Series = append(snap.Series, all...)
	}
	slices.SortStableFunc(snap.Series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.What, b.What))
	})
	for source, n := range s.overflow {
		if snap.Dropped == nil {
			snap.Dropped = map[string]uint64{}
		}
		snap.Dropped[source] = n
	}
	return snap
}

func (s *series) snapshot(k Key, now, since time.Time) Series {
	out := Series{Key: k, Total: s.total, Recent: map[string]Recent{}}
	for i, w := range Windows {
		row := w.row(now)
		r := Recent{Sum: s.rings[i].sum(w, row)}
		// The newest row is not over: the window is as much shorter.
		length := w.length() - w.Row + time.Duration(now.UnixNano()%int64(w.Row))
		if k.Source == "receive" {
			length = min(length, now.Sub(since))
		}
		r.Rate = float64(r.Count) / max(length, time.Second).Seconds()
		if k.Dimension == "" {
			for n := row - int64(w.Rows) + 1; n <= row; n++ {
				at := s.rings[i].at(w, n, row)
				r.Counts, r.Bytes = append(r.Counts, at.Count), append(r.Bytes, at.Bytes)
			}
		}
		out.Recent[w.Name] = r
	}
	return out
}
