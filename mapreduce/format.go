package mapreduce

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Format is how rows are written. Lines end with LF; a file has a line a row, and CSV one more for its header.
type Format string

const (
	// TSV has cells separated by TAB, as they are: a cell with a TAB, CR or LF fails the run. It shows no column names.
	TSV Format = "tsv"

	// CSV is that of RFC 4180, but for the line ends: the first line has the names of the columns, and a cell with a quote, a
	// comma, a CR or an LF stands in quotes.
	CSV Format = "csv"

	// JSONL has an object a line, whose members are named as the columns and stand in their order. Cells keep their types: a
	// number is a number, with all its digits, text a string, nil null, and a slice, map or struct what encoding/json makes
	// of it. What JSON cannot hold fails the run: text that is not UTF-8, NaN and infinities.
	JSONL Format = "jsonl"
)

// ParseFormat reads "tsv", "csv" or "jsonl".
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case TSV, CSV, JSONL:
		return f, nil
	}
	return "", fmt.Errorf("%q is not a format of rows: tsv, csv or jsonl", s)
}

// named tells whether a file of this format has names for its columns.
func (f Format) named() bool { return f != TSV }

// otherFormats are extensions of formats that a run does not write, and whose readers would not take another for it.
var otherFormats = []string{".json", ".parquet", ".avro", ".arrow", ".orc", ".xlsx", ".xls"}

// format is the one that was asked for, else what the output's name says.
func (c *Config) format() (Format, error) {
	if c.Format != "" {
		f, err := ParseFormat(string(c.Format))
		if err != nil {
			return "", &ConfigError{Msg: err.Error()}
		}
		return f, nil
	}
	name := strings.ToLower(c.Output)
	if ext := filepath.Ext(name); ext == ".gz" || ext == ".zst" {
		name = strings.TrimSuffix(name, ext)
	}
	switch ext := filepath.Ext(name); {
	case ext == ".csv":
		return CSV, nil
	case ext == ".jsonl", ext == ".ndjson":
		return JSONL, nil
	case slices.Contains(otherFormats, ext):
		return "", &ConfigError{
			Msg:  fmt.Sprintf("the output %s claims a format that a run does not write", c.Output),
			Hint: "use the extension .jsonl, .csv or .tsv; or give the format, too",
		}
	}
	return TSV, nil
}

// header is what a file of rows begins with.
func (f Format) header(columns []string) []byte {
	if f != CSV {
		return nil
	}
	var b []byte
	for i, name := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, name...)
		b = quoteCSV(b, len(b)-len(name))
	}
	return append(b, '\n')
}

// checkColumns says why columns cannot be those of a file of this format. cells is the number of cells that each row will
// have, negative if it is not known.
func (f Format) checkColumns(columns []string, cells int) error {
	if len(columns) > 0 && cells >= 0 && len(columns) != cells {
		return &JobError{
			Msg:  fmt.Sprintf("the job names %d columns, but a row has %d cells: those of the key, and the value", len(columns), cells),
			Hint: "Job.Columns has a name for each cell",
		}
	}
	if !f.named() {
		return nil
	}
	if len(columns) == 0 {
		return &JobError{
			Msg:  fmt.Sprintf("the job does not name its columns, and rows in %s have names", f),
			Hint: "set Job.Columns, or write tsv",
		}
	}
	seen := map[string]bool{}
	for _, name := range columns {
		if name == "" || seen[name] || !utf8.ValidString(name) {
			return &JobError{
				Msg:  fmt.Sprintf("the name %q of a column is empty, not UTF-8, or another column's", name),
				Hint: "each name in Job.Columns is text of its own",
			}
		}
		seen[name] = true
	}
	return nil
}
