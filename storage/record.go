package storage

import "fmt"

// A Record is one line of a file: a key, a TAB and a value, which by convention is a JSON object. Key, Value and all that
// Get returns are valid until the next record is read; what is to be kept must be copied. Strings are safe to keep.
type Record struct {
	Key, Value []byte
	Dims       Dims // of the file that the record is in

	at *cursor
}

// NewRecord returns a record that is in no file, for tests and for records of other origin. It borrows key and value.
func NewRecord(key, value []byte, dims Dims) Record {
	return Record{Key: key, Value: value, Dims: dims, at: new(cursor)}
}

// cursor is what the records of a reader share: the place of the current one and what is wrong with it.
type cursor struct {
	path    string
	line    int64 // from 1
	offset  int64
	reason  string    // empty: nothing found to be malformed
	plain   *interner // of strings that are their own text in JSON; nil without a reader
	scratch []byte
	buffer  *[]byte // what Value.Buffer returns; nil without a reader
}

// Path is the slash path of the record's file, empty if it is in none.
func (r Record) Path() string {
	if r.at == nil {
		return ""
	}
	return r.at.path
}

// Line is the number of the record's line in its file, from 1.
func (r Record) Line() int64 {
	if r.at == nil {
		return 0
	}
	return r.at.line
}

// Offset is the place of the record's first byte in the decoded content of its file.
func (r Record) Offset() int64 {
	if r.at == nil {
		return 0
	}
	return r.at.offset
}

// Err is nil, or a *SyntaxError with the first thing that Get, or a method of a value that it returned, found malformed in
// this record. Only what was looked at is judged: a record of which no field was read has no error.
func (r Record) Err() error {
	if r.at == nil || r.at.reason == "" {
		return nil
	}
	return &SyntaxError{Path: r.at.path, Line: r.at.line, Offset: r.at.offset, Reason: r.at.reason}
}

// Get returns the field of the record's JSON object that is found by going down path, one name for each level. Names are
// compared with the decoded keys and have no syntax: dots, @ and braces stand for themselves. Of several equal keys in an
// object the first counts. Without a path, it returns the whole object.
//
// Get reads no more than it has to: up to the field, and then as much of it as the methods of the Value ask for. On the way it
// checks the structure of the objects that it enters; what it passes over is checked for balanced brackets and terminated
// strings. When something is malformed, or the record's value does not begin and end as an object, the field does not exist and
// Err reports it. A field that is just not there is no error.
func (r Record) Get(path ...string) Value { return root(r.Value, r.at, path) } // inlined, for a Record is large

// root is the field of the object that b holds.
func root(b []byte, at *cursor, path []string) Value {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		if b = trimBlanks(b); len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
			at.malformed("value is not a JSON object")
			return Value{}
		}
	}
	return field(b, at, true, path)
}

func (c *cursor) malformed(reason string) {
	if c != nil && c.reason == "" {
		c.reason = reason
	}
}

// A SyntaxError says that one line of a file is no record, or that a record's value is not well-formed.
type SyntaxError struct {
	Path   string
	Line   int64 // from 1
	Offset int64 // of the line's first byte in the decoded file
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason)
}
