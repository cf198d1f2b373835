package publish

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// A row is a cell of one delta, as package job describes it.
type row struct {
	release, measure, built, submitted, leaf string

	missing uint8
	pings   int64
	sums    []byte // JSON, valid until the next row
}

// before is the order of rows as far as it matters here.
func (r *row) before(s *row) bool {
	if r.release != s.release {
		return r.release < s.release
	}
	return r.measure < s.measure
}

// A delta is the file of one submission day, being read.
type delta struct {
	name string
	file io.ReadCloser
	in   *bufio.Reader
	line int
	buf  []byte
	row  row
	more bool
}

func openDelta(name string) (*delta, error) {
	f, err := storage.OpenFile(name)
	if err != nil {
		return nil, err
	}
	d := &delta{name: name, file: f, in: bufio.NewReaderSize(f, 64<<10), more: true}
	if err := d.next(); err != nil {
		return nil, err
	}
	return d, nil
}

// next moves to the next row.
func (d *delta) next() error {
	d.buf = d.buf[:0]
	for {
		part, err := d.in.ReadSlice('\n')
		d.buf = append(d.buf, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(d.buf) == 0 {
			d.more = false
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", d.name, err)
		}
		break
	}
	d.line++
	last := d.row
	if !d.parse(d.buf[:len(d.buf)-1]) {
		return fmt.Errorf("%s:%d: not a row of the job", d.name, d.line)
	}
	if d.row.before(&last) {
		return fmt.Errorf("%s:%d: rows are not sorted", d.name, d.line)
	}
	return nil
}

func (d *delta) parse(line []byte) bool {
	var cells [8][]byte
	for i := range cells {
		var found bool
		if cells[i], line, found = bytes.Cut(line, []byte("\t")); found != (i < len(cells)-1) {
			return false
		}
	}
	missing, err := strconv.ParseUint(string(cells[5]), 10, 5)
	if err != nil {
		return false
	}
	pings, err := strconv.ParseInt(string(cells[6]), 10, 64)
	if err != nil || pings < 1 {
		return false
	}
	r := &d.row
	keep := func(old *string, fresh []byte, valid func(string) bool) bool {
		if *old != "" && *old == string(fresh) { // as in the row before
			return true
		}
		*old = string(fresh)
		return valid(*old)
	}
	r.missing, r.pings, r.sums = uint8(missing), pings, cells[7]
	return keep(&r.release, cells[0], func(s string) bool { return strings.Contains(s, "/") }) &&
		keep(&r.measure, cells[1], func(string) bool { return true }) &&
		keep(&r.built, cells[2], isDay) && keep(&r.submitted, cells[3], isDay) &&
		keep(&r.leaf, cells[4], func(s string) bool { return strings.Count(s, "/") == levels-1 })
}

// deltas reads the rows of several deltas together, by release and measure.
type deltas struct {
	all []*delta
	at  *delta // has the row at hand
}

func openDeltas(dir string, names []string) (*deltas, error) {
	ds := &deltas{}
	for _, name := range names {
		d, err := openDelta(filepath.Join(dir, name))
		if err != nil {
			ds.close()
			return nil, err
		}
		ds.all = append(ds.all, d)
	}
	ds.choose()
	return ds, nil
}

func (ds *deltas) close() {
	for _, d := range ds.all {
		_ = d.file.Close() // only read
	}
}

// choose sets at to the first of the deltas whose row is least.
func (ds *deltas) choose() {
	ds.at = nil
	for _, d := range ds.all {
		if d.more && (ds.at == nil || d.row.before(&ds.at.row)) {
			ds.at = d
		}
	}
}

// row returns the row at hand, nil at the end.
func (ds *deltas) row() *row {
	if ds.at == nil {
		return nil
	}
	return &ds.at.row
}

func (ds *deltas) next() error {
	release, measure := ds.at.row.release, ds.at.row.measure
	if err := ds.at.next(); err != nil {
		return err
	}
	if r := &ds.at.row; !ds.at.more || r.release != release || r.measure != measure {
		ds.choose()
	}
	return nil
}

// measure calls visit with each of the rows of the measure at hand and moves behind them.
func (ds *deltas) measure(visit func(*row) error) error {
	release, measure := ds.row().release, ds.row().measure
	for {
		r := ds.row()
		if r == nil || r.release != release || r.measure != measure {
			return nil
		}
		if err := visit(r); err != nil {
			return err
		}
		if err := ds.next(); err != nil {
			return err
		}
	}
}

// array returns the sums of a row, and false if they are none.
func (r *row) array() (a histogram.Array, ok bool) {
	err := a.UnmarshalJSON(r.sums)
	return a, err == nil
}
