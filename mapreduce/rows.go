package mapreduce

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Rows takes the rows of the output. It is valid during the call of Reduce only.
type Rows struct {
	file    *storage.FileWriter
	path    string
	format  Format
	columns []string
	most    int64    // bytes of a row
	members [][]byte // in JSONL, what stands before each cell
	buf     []byte
	n       int64
	size    int64
	sum     uint32
	err     error
}

const rowsBuffer = 128 << 10

// createRows begins a file of rows whose name begins with prefix. Without columns, a row has any number of cells; where most is
// not 0, at most so many bytes.
func createRows(prefix string, format Format, columns []string, most int64) (*Rows, error) {
	r := &Rows{path: prefix + "rows", format: format, columns: columns, most: most}
	if format == JSONL {
		for i, name := range columns {
			before := []byte{"{,"[min(i, 1)]}
			var err error
			if before, err = appendJSONString(before, name); err != nil {
				return nil, err
			}
			r.members = append(r.members, append(before, ':'))
		}
	}
	var err error
	if r.file, err = storage.CreateFile(r.path); err != nil {
		return nil, err
	}
	return r, nil
}

// Add adds a row: a cell for each of Job.Columns, if the job has them. A cell that the format cannot hold fails the run, and
// so does a wrong number of cells, or a row longer than half of a worker's memory.
//
// Strings and bytes are text; integers are decimal; floats have the shortest form that reads back as the same number; nil is
// empty, null in JSONL. A value whose type brings a form of its own uses it: encoding.TextMarshaler, or json.Marshaler, which
// in JSONL goes first; methods of a pointer to the type count, too. A pointer is what it points to. Any other value is compact
// JSON, in which text must be UTF-8.
func (r *Rows) Add(cells ...any) {
	if r.err != nil {
		return
	}
	start := len(r.buf)
	if r.err = r.row(cells); r.err != nil {
		r.buf = r.buf[:start]
		return
	}
	r.n++
	if len(r.buf) >= rowsBuffer {
		r.flush()
	}
}

func (r *Rows) row(cells []any) (err error) {
	if len(r.columns) > 0 && len(cells) != len(r.columns) {
		return fmt.Errorf("a row has %d cells, but there are %d columns: %s", len(cells), len(r.columns), strings.Join(r.columns, ", "))
	}
	start := len(r.buf)
	for i, cell := range cells {
		if err := checkLength("a row", len(r.buf)-start+cellBytes(cell), r.most); err != nil {
			return err
		}
		switch r.format {
		case JSONL:
			r.buf, err = appendJSONCell(append(r.buf, r.members[i]...), cell)
		case CSV:
			err = r.csv(i, cell, len(cells) == 1)
		default:
			err = r.tsv(i, cell)
		}
		if err != nil {
			return fmt.Errorf("cell %d of a row %w", i+1, err)
		}
	}
	if r.format == JSONL {
		r.buf = append(r.buf, '}')
	}
	r.buf = append(r.buf, '\n')
	return checkLength("a row", len(r.buf)-start, r.most)
}

func (r *Rows) tsv(i int, cell any) (err error) {
	if i > 0 {
		r.buf = append(r.buf, '\t')
	}
	at := len(r.buf)
	if r.buf, err = appendText(r.buf, cell); err != nil {
		return err
	}
	if text := r.buf[at:]; breaks(text) {
		return fmt.Errorf("has a TAB, CR or LF, which a tsv file cannot hold, but csv and jsonl can: %.40q", text)
	}
	return nil
}

// breaks reports whether text has a TAB, CR or LF.
func breaks(text []byte) bool {
	if len(text) > 32 {
		return bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\t') >= 0 || bytes.IndexByte(text, '\r') >= 0
	}
	for _, c := range text {
		if c <= '\r' && (c == '\n' || c == '\t' || c == '\r') {
			return true
		}
	}
	return false
}

func (r *Rows) csv(i int, cell any, alone bool) (err error) {
	if i > 0 {
		r.buf = append(r.buf, ',')
	}
	at := len(r.buf)
	if r.buf, err = appendText(r.buf, cell); err != nil {
		return err
	}
	if r.buf = quoteCSV(r.buf, at); alone && len(r.buf) == at {
		r.buf = append(r.buf, `""`...) // many readers skip an empty line
	}
	return nil
}

// quoteCSV puts b[at:] in quotes if it needs them.
func quoteCSV(b []byte, at int) []byte {
	if !bytes.ContainsAny(b[at:], "\",\r\n") {
		return b
	}
	quoted := bytes.ReplaceAll(b[at:], []byte{'"'}, []byte{'"', '"'})
	return append(append(append(b[:at], '"'), quoted...), '"')
}

func (r *Rows) flush() {
	if r.err != nil {
		return
	}
	n, err := r.file.Write(r.buf)
	r.sum = crc32.Update(r.sum, crc32.IEEETable, r.buf[:n])
	r.size += int64(n)
	r.err = err
	r.buf = r.buf[:0]
}

// publish names the file of the rows. Nothing may be added after it.
func (r *Rows) publish() (*worker.Rows, error) {
	r.flush()
	if r.err != nil {
		return nil, r.err
	}
	if err := r.file.Publish(); err != nil {
		return nil, err
	}
	return &worker.Rows{Path: r.path, Bytes: r.size, Rows: r.n, Checksum: r.sum}, nil
}

// close discards the rows unless they were published.
func (r *Rows) close() { _ = r.file.Close() } // publish has told of errors
