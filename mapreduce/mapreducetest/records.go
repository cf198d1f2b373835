package mapreducetest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// A Record is one record of a test's input.
type Record struct {
	Key  string
	Dims map[string]string // values by the name of the dimension; one that is missing is stored as OTHER
	// Value is the JSON object. It is stored as it is, so that a test may also have records that are malformed; but CR and
	// LF become blanks.
	Value string
}

// Records reads records from text, one a line: the key, blanks or a TAB, the JSON value. A line in brackets has the dimensions
// of all records up to the next one like it. Empty lines and those that begin with # are for people.
//
//	[appUpdateChannel=nightly submission_date=20140308]
//	id-1 {"info": {"OS": "Linux"}}
//	id-2 {"info": {"OS": "WINNT"},
//	      "ver": 2}
//
// The text may be indented as a whole; a line that is indented more than the first belongs to the record before it. A key with
// blanks, or one that begins like another line, takes a Record of its own. A text that is no such list fails the test.
func Records(t testing.TB, text string) []Record {
	t.Helper()
	records, err := parse(text)
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	return records
}

// ReadRecords is [Records] of a file.
func ReadRecords(t testing.TB, name string) []Record {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	records, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return records
}

// parse reads records; an error begins with the number of its line.
func parse(text string) ([]Record, error) {
	var records []Record
	var dims map[string]string
	indent, first := "", true
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, " \t\r\n")
		bare := strings.TrimLeft(line, " \t")
		if bare == "" || bare[0] == '#' {
			continue
		}
		if first {
			indent, first = line[:len(line)-len(bare)], false
		}
		rest, ok := strings.CutPrefix(line, indent)
		if !ok {
			return nil, fmt.Errorf("line %d: it is indented otherwise than the first", n)
		}
		var err error
		switch {
		case rest != bare && len(records) == 0:
			err = errors.New("it is indented, but there is no record before it")
		case rest != bare:
			records[len(records)-1].Value += "\n" + rest
		case rest[0] == '[':
			dims, err = parseDims(rest)
		default:
			at := strings.IndexAny(rest, " \t")
			if at < 0 {
				err = fmt.Errorf("%q has a key, and no value after it", rest)
				break
			}
			records = append(records, Record{Key: rest[:at], Dims: dims, Value: strings.TrimLeft(rest[at:], " \t")})
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return records, nil
}

// parseDims reads "[name=value name=value]".
func parseDims(line string) (map[string]string, error) {
	list, ok := strings.CutSuffix(line[1:], "]")
	if !ok {
		return nil, errors.New("the bracket is not closed")
	}
	dims := map[string]string{}
	for term := range strings.FieldsSeq(list) {
		name, value, ok := strings.Cut(term, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form dimension=value", term)
		}
		if _, again := dims[name]; again {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		dims[name] = value
	}
	return dims, nil
}
