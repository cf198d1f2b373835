package stats

import "time"

// A Sum is a number of things and of their bytes.
type Sum struct {
	Count uint64 `json:"count"`
	Bytes uint64 `json:"bytes"`
}

func (s *Sum) add(o Sum) {
	s.Count += o.Count
	s.Bytes += o.Bytes
}

// A Window is a stretch of time that sums are kept of, in rows.
type Window struct {
	Name string        `json:"name"`
	Row  time.Duration `json:"-"`
	Rows int           `json:"rows"`
}

// Windows are those that a Set has.
var Windows = []Window{
	{"minute", time.Second, 60},
	{"hour", time.Minute, 60},
	{"day", 15 * time.Minute, 96},
}

func (w Window) length() time.Duration { return time.Duration(w.Rows) * w.Row }

// row is the number of the one that a time is in.
func (w Window) row(t time.Time) int64 { return t.UnixNano() / int64(w.Row) }

// A ring has the last rows of a window. Row n is at n modulo their number.
type ring struct {
	newest int64
	rows   []Sum
}

func (r *ring) add(w Window, row int64, s Sum) {
	if r.rows == nil {
		r.rows, r.newest = make([]Sum, w.Rows), row
	}
	for ; r.newest < row; r.newest++ {
		if row-r.newest > int64(w.Rows) {
			r.newest = row - int64(w.Rows) // all that is between is cleared below
		}
		r.rows[(r.newest+1)%int64(w.Rows)] = Sum{}
	}
	if r.newest-row < int64(w.Rows) {
		r.rows[row%int64(w.Rows)].add(s)
	}
}

// at is what was added to a row, if it is one of the window that ends with now.
func (r *ring) at(w Window, row, now int64) Sum {
	if r.rows == nil || row > r.newest || row <= r.newest-int64(w.Rows) || row > now || row <= now-int64(w.Rows) {
		return Sum{}
	}
	return r.rows[row%int64(w.Rows)]
}

// sum is that of the window that ends with now.
func (r *ring) sum(w Window, now int64) (s Sum) {
	for row := now - int64(w.Rows) + 1; row <= now; row++ {
		s.add(r.at(w, row, now))
	}
	return s
}

// merge adds what another ring has.
func (r *ring) merge(w Window, o *ring) {
	for i := range int64(len(o.rows)) {
		row := o.newest - int64(w.Rows) + 1 + i
		if s := o.at(w, row, o.newest); s != (Sum{}) {
			r.add(w, row, s)
		}
	}
}
