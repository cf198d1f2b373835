package storage

import "io"

// frameReader gives the bytes of one frame and then io.EOF.
type frameReader struct {
	in       *input
	start    int64
	left     int // bytes of the header, block or checksum being given
	last     bool
	checksum bool
	done     bool
	tail     [4]byte // the checksum
	got      int     // how much of it
}

func (f *frameReader) Read(p []byte) (int, error) {
	for f.left == 0 {
		switch {
		case f.done:
			return 0, io.EOF
		case f.last:
			f.done = true
			if f.checksum {
				f.left = 4
			}
			continue
		}
		if !f.in.need(3) {
			return 0, f.truncated()
		}
		size, last, err := blockHeader(f.in.rest())
		if err != nil {
			return 0, err
		}
		f.left, f.last = 3+size, last
	}
	if !f.in.need(1) {
		return 0, f.truncated()
	}
	n := copy(p, f.in.rest()[:min(f.left, f.in.end-f.in.pos)])
	if f.done {
		f.got += copy(f.tail[f.got:], p[:n])
	}
	f.in.pos += n
	f.left -= n
	return n, nil
}

func (f *frameReader) truncated() error {
	f.done = false
	if f.in.err != io.EOF {
		return f.in.err
	}
	return errTruncated
}
