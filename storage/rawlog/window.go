package rawlog

import (
	"errors"
	"io"
)

// A window is the part of the input that is in memory. Its memory is as large as the largest peek has asked for, and an eighth.
type window struct {
	src    io.Reader
	buf    []byte
	pos    int   // of the next byte in buf
	offset int64 // of that byte in the input
	err    error // why there is nothing behind buf
}

// chunk is what is read at once at least.
const chunk = 64 << 10

// peek returns the next n bytes, fewer only if the input ends or fails before. They are valid until the next peek.
func (w *window) peek(n int) []byte {
	for len(w.buf)-w.pos < n && w.err == nil {
		w.fill(n)
	}
	return w.buf[w.pos:min(w.pos+n, len(w.buf))]
}

func (w *window) fill(n int) {
	// For each byte that is passed, at most eight are moved, however long a record each place claims to begin.
	rest := w.rest()
	if w.pos > 0 && w.pos >= len(rest)/8 {
		w.buf, w.pos = w.buf[:copy(w.buf, rest)], 0
	}
	// What a header claims to follow is made room for as it comes, so that a lie about lengths costs no memory.
	if room := cap(w.buf) - len(w.buf); room == 0 {
		grown := make([]byte, len(rest), max(chunk, min(2*cap(w.buf), n+n/8+chunk)))
		copy(grown, rest)
		w.buf, w.pos = grown, 0
	}
	for range 100 {
		m, err := w.src.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+m]
		w.err = err
		if m > 0 || err != nil {
			return
		}
	}
	w.err = io.ErrNoProgress
}

// skip moves on by n bytes, which peek has returned.
func (w *window) skip(n int) {
	w.pos += n
	w.offset += int64(n)
}

// rest is what is in memory already.
func (w *window) rest() []byte { return w.buf[w.pos:] }

// failed is the error of the input, nil at its end.
func (w *window) failed() error {
	if w.err == nil || errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}
