package publish

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
)

// A partReader reads a part, a measure at a time.
type partReader struct {
	name      string
	submitted string
	fresh     bool // not in the edition before
	file      *os.File
	hash      hash.Hash
	sum       string // that hash is to have at the end
	in        *bufio.Reader
	line      int
	buf       []byte // a line that in has no room for

	groups job.Groups
	ids    []group // by the index of a group

	measure []byte // at hand, empty at the end
	cells   []byte // of the measure, a JSON array; valid until next
}

// A group is a job.Group by numbers.
type group struct {
	built    int // index of the day
	byBuild  int // index of its place, -1 if the file by build date is not to have it
	bySubmit int // the same by submission date
}

// openPart opens a part and reads its groups.
func openPart(state, day string, p Part) (*partReader, error) {
	r := &partReader{name: filepath.Join(state, p.File), submitted: day, hash: sha256.New(), sum: p.Sum}
	var err error
	if r.file, err = os.Open(r.name); err != nil {
		return nil, fmt.Errorf("%w: run update for %s again", err, day)
	}
	r.in = bufio.NewReaderSize(io.TeeReader(r.file, r.hash), 32<<10)
	if err := r.readGroups(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *partReader) close() { _ = r.file.Close() } // only read

func (r *partReader) readGroups() error {
	line, more, err := r.readLine()
	if err != nil {
		return err
	}
	measure, cells, ok := bytes.Cut(line, []byte("\t"))
	if !more || !ok || len(measure) > 0 || json.Unmarshal(cells, &r.groups) != nil || len(r.groups.Groups) == 0 {
		return r.fault("not the groups of a part")
	}
	for _, g := range r.groups.Groups {
		if !IsDay(g.Built) || strings.Count(g.Leaf, "/") != levels-1 || g.Pings < 1 {
			return r.fault("not a group of pings")
		}
	}
	return nil
}

// next moves to the next measure.
func (r *partReader) next() error {
	line, more, err := r.readLine()
	if !more || err != nil {
		r.measure = r.measure[:0]
		return err
	}
	measure, cells, ok := bytes.Cut(line, []byte("\t"))
	switch {
	case !ok || len(measure) == 0 || len(cells) < 2:
		return r.fault("not a row of the job")
	case bytes.Compare(measure, r.measure) <= 0:
		return r.fault("rows are not sorted")
	}
	r.measure, r.cells = append(r.measure[:0], measure...), cells
	return nil
}

// readLine reads a line, without its end. It is valid until the next.
func (r *partReader) readLine() (line []byte, more bool, err error) {
	line, err = r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		r.buf = r.buf[:0]
		for err == bufio.ErrBufferFull {
			r.buf = append(r.buf, line...)
			line, err = r.in.ReadSlice('\n')
		}
		r.buf = append(r.buf, line...)
		line = r.buf
	}
	switch {
	case err == io.EOF && len(line) == 0 && hex.EncodeToString(r.hash.Sum(nil)) != r.sum:
		return nil, false, fmt.Errorf("%s is damaged: run update for %s again", r.name, r.submitted)
	case err == io.EOF && len(line) == 0:
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading %s: %w", r.name, err)
	}
	r.line++
	return line[:len(line)-1], true, nil
}

func (r *partReader) fault(what string) error { return fmt.Errorf("%s:%d: %s", r.name, r.line, what) }

// each calls visit with the cells of the measure at hand. text is that of an array, valid until next.
func (r *partReader) each(visit func(g group, pings int64, text []byte)) error {
	b := r.cells
	for i := 1; i < len(b); i++ { // behind the bracket, and behind each comma
		var g, pings int64
		if b[i] != '[' {
			break
		}
		g, i = natural(b, i+1)
		pings, i = natural(b, i)
		if g >= int64(len(r.ids)) || pings < 1 || i >= len(b) || b[i] != '[' {
			break
		}
		end := i + bytes.IndexByte(b[i:], ']') + 1
		if end == i || end+1 >= len(b) || b[end] != ']' {
			break
		}
		visit(r.ids[g], pings, b[i:end])
		if i = end + 1; b[i] == ']' && i == len(b)-1 {
			return nil
		}
		if b[i] != ',' {
			break
		}
	}
	return r.fault("not cells of the job")
}

// natural reads the number at i and the comma behind. The number is -1 if there is none.
func natural(b []byte, i int) (n int64, end int) {
	start := i
	for i < len(b) && b[i]-'0' <= 9 && i-start < 18 {
		n = 10*n + int64(b[i]-'0')
		i++
	}
	if i == start || i >= len(b) || b[i] != ',' {
		return -1, len(b)
	}
	return n, i + 1
}
