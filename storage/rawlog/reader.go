package rawlog

import (
	"cmp"
	"fmt"
	"io"
	"iter"
)

// Options says how to read a raw log. The zero value of a field is its default.
type Options struct {
	Format     Format // what the file has; by default its content tells, and
	Claimed    Format // what its name says, by FormatOf: content can be read as more than one
	MaxPath    int    // longest path in bytes; longer ones are damage. Default, and most: 65,535
	MaxData    int    // longest data in bytes; longer ones are damage. Default 16 MiB
	Unfinished bool   // a V3 file may lack its end: one that is being written, or was when its writer died
}

func (o Options) maxPath() int { return min(cmp.Or(o.MaxPath, MaxPath), MaxPath) }
func (o Options) maxData() int { return int(min(int64(cmp.Or(o.MaxData, 16<<20)), MaxData, 1<<31-1)) }
func (o Options) maxBody() int { return MaxAddr + o.maxPath() + o.maxData() }

// A DamageError tells of bytes that are lost: what is in them is no record, or not any more. It is not the end of the file.
type DamageError struct {
	Offset int64 // of the first byte that is lost
	Length int64 // how many are; 0 if they are missing from the file
	Reason string
}

func (e *DamageError) Error() string {
	switch e.Length {
	case 0:
		return fmt.Sprintf("damaged at byte %d: %s", e.Offset, e.Reason)
	case 1:
		return fmt.Sprintf("byte %d lost: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("bytes %d to %d lost: %s", e.Offset, e.Offset+e.Length-1, e.Reason)
}

// A Reader yields the records of one raw log. It is for one goroutine.
type Reader struct {
	win  window
	opts Options
}

// NewReader reads a raw log from r. It reads ahead: at most the longest record and 64 KiB, and a megabyte of a file whose
// format is not known and not V3. Of a damaged one it may have to look at twice the longest record.
func NewReader(r io.Reader, o Options) *Reader {
	return &Reader{win: window{src: r}, opts: o}
}

// A verdict is what a layout makes of the bytes at the window's position.
type verdict struct {
	record bool   // a record of size bytes
	other  bool   // size bytes that are no record, but as they should be
	size   int    // what to move on by: 0 with nothing damaged means the end of the input
	damage string // if size bytes are lost: why
}

// A layout knows one format. Its at fills in rec if a record begins at the window's position.
type layout interface {
	at(w *window, rec *Record) verdict
}

// Records yields the records in the order of the file. After a *DamageError iteration goes on; it says, between the records
// around it, what was lost. Any other error is one of reading and ends the iteration. A file with no bytes has no records.
// Records may be called once.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w := &r.win
		layout := r.layout()
		compressed := compression(w.peek(6))
		var lost *DamageError
		for {
			rec := Record{Offset: w.offset}
			v := layout.at(w, &rec)
			if err := w.failed(); err != nil && !v.record {
				if lost != nil {
					if lost.Length = w.offset - lost.Offset; !yield(Record{}, lost) {
						return
					}
				}
				yield(Record{}, fmt.Errorf("reading raw log at byte %d: %w", w.offset, err))
				return
			}
			if v.damage != "" && lost == nil {
				lost = &DamageError{Offset: w.offset, Reason: v.damage}
				if w.offset == 0 && compressed != "" {
					lost.Reason = "the file seems to be compressed with " + compressed + ", and must be decompressed first"
				}
			}
			if lost != nil {
				if !v.record && !v.other && v.size > 0 {
					w.skip(v.size)
					continue
				}
				lost.Length = w.offset - lost.Offset
				if !yield(Record{}, lost) {
					return
				}
				lost = nil
			}
			if v.other {
				w.skip(v.size)
				continue
			}
			if !v.record {
				return
			}
			rec.Size = v.size
			w.skip(v.size)
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// Format is the format that is read, as far as it can be told: by Options and by content.
func (r *Reader) Format() Format {
	if r.opts.Format == 0 {
		r.opts.Format = detect(&r.win, r.opts)
	}
	return r.opts.Format
}

func (r *Reader) layout() layout { return newLayout(r.Format(), r.opts) }

func newLayout(f Format, o Options) layout {
	if f == V3 {
		return &checked{opts: o}
	}
	return &plain{opts: o, format: f}
}
