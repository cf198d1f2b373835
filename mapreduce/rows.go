package mapreduce

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strconv"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// Rows takes the rows of the output. It is valid during the call of Reduce only.
type Rows struct {
	file *storage.FileWriter
	path string
	buf  []byte
	n    int64
	size int64
	err  error
}

const rowsBuffer = 128 << 10

func createRows(dir string) (*Rows, error) {
	path := filepath.Join(dir, "rows")
	file, err := storage.CreateFile(path)
	if err != nil {
		return nil, err
	}
	return &Rows{file: file, path: path}, nil
}

// Add adds a row. Strings and bytes are text; integers are decimal; floats have their shortest form; nil is empty; a
// value that has a text form of its own (encoding.TextMarshaler) uses it; any other is compact JSON. A cell with a TAB,
// CR or LF fails the run.
func (r *Rows) Add(cells ...any) {
	if r.err != nil {
		return
	}
	start := len(r.buf)
	for i, cell := range cells {
		if i > 0 {
			r.buf = append(r.buf, '\t')
		}
		at := len(r.buf)
		if r.buf, r.err = appendCell(r.buf, cell); r.err != nil {
			break
		}
		if text := r.buf[at:]; bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\t') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
			r.err = fmt.Errorf("cell %d of a row has a TAB, CR or LF, which a tsv file cannot hold: %.40q", i+1, text)
			break
		}
	}
	if r.err != nil {
		r.buf = r.buf[:start]
		return
	}
	r.buf = append(r.buf, '\n')
	r.n++
	if len(r.buf) >= rowsBuffer {
		r.flush()
	}
}

func (r *Rows) flush() {
	if r.err != nil {
		return
	}
	n, err := r.file.Write(r.buf)
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
	return &worker.Rows{Path: r.path, Bytes: r.size, Rows: r.n}, nil
}

// close discards the rows unless they were published.
func (r *Rows) close() { _ = r.file.Close() } // publish has told of errors

func appendCell(b []byte, cell any) ([]byte, error) {
	switch c := cell.(type) {
	case nil:
		return b, nil
	case string:
		return append(b, c...), nil
	case []byte:
		return append(b, c...), nil
	case int:
		return strconv.AppendInt(b, int64(c), 10), nil
	case int64:
		return strconv.AppendInt(b, c, 10), nil
	case uint64:
		return strconv.AppendUint(b, c, 10), nil
	case float64:
		return appendFloat(b, c, 64), nil
	case bool:
		return strconv.AppendBool(b, c), nil
	case encoding.TextAppender:
		return c.AppendText(b)
	case encoding.TextMarshaler:
		text, err := c.MarshalText()
		return append(b, text...), err
	case json.Marshaler: // before the kinds below: a type's own form goes first
		return appendJSON(b, c)
	}
	switch v := reflect.ValueOf(cell); v.Kind() {
	case reflect.String:
		return append(b, v.String()...), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Float32:
		return appendFloat(b, v.Float(), 32), nil
	case reflect.Float64:
		return appendFloat(b, v.Float(), 64), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(b, v.Bytes()...), nil
		}
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			for i := range v.Len() {
				b = append(b, byte(v.Index(i).Uint()))
			}
			return b, nil
		}
	}
	return appendJSON(b, cell)
}

// appendFloat appends the shortest decimal that reads back as f, with an exponent where JSON has one.
func appendFloat(b []byte, f float64, bits int) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(b, f, 'f', -1, bits)
}

// appendJSON appends compact JSON, with <, > and & as they are.
func appendJSON(b []byte, v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, fmt.Errorf("cell of type %T: %w", v, err)
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...), nil
}
