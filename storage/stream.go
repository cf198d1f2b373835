package storage

import (
	"compress/bzip2"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/ulikunitz/xz/lzma"
)

// streamSource is a codec that gives a plain stream of bytes.
type streamSource struct {
	r     io.Reader
	whole func() error // if set, asked at the end
	err   error
}

func (s *streamSource) next(buf []byte) ([]byte, error) {
	buf = room(buf, chunkSize)
	for s.err == nil {
		var n int
		n, s.err = s.r.Read(buf[len(buf) : len(buf)+chunkSize])
		if s.err == io.EOF && s.whole != nil {
			if err := s.whole(); err != nil {
				s.err = err
			}
		}
		if n > 0 {
			return buf[:len(buf)+n], nil
		}
	}
	return buf, s.err
}

// room returns buf with space for n more bytes.
func room(buf []byte, n int) []byte {
	if cap(buf)-len(buf) >= n {
		return buf
	}
	size := len(buf) + n
	if len(buf) > n {
		size += len(buf) // a record longer than several chunks: double
	}
	to := newBuffer(size)
	return to[:copy(to, buf)]
}

func (w *workspace) openGzip() (source, error) {
	if w.gzip == nil {
		w.gzip = new(gzip.Reader)
	}
	// Reset leaves the reader in multistream mode: it reads every member, and takes anything else behind one for an error.
	if err := w.gzip.Reset(w.buffered(&w.in)); err != nil {
		return nil, err
	}
	return &streamSource{r: w.gzip}, nil
}

func (w *workspace) openLZMA() (source, error) {
	in := w.buffered(&w.in)
	// The header is properties (1), the size of the dictionary (4) and of the content (8), all ones if it is not known.
	if head, err := in.Peek(lzma.HeaderLen); err == nil {
		window := uint64(binary.LittleEndian.Uint32(head[1:]))
		if err := w.checkWindow(codecLZMA, int64(min(window, binary.LittleEndian.Uint64(head[5:])))); err != nil {
			return nil, err
		}
	}
	r, err := lzma.ReaderConfig{DictCap: maxWindow}.NewReader(in)
	if err != nil {
		return nil, err
	}
	return &streamSource{r: r, whole: w.ended}, nil
}

// openBzip2 reads streams one behind another, as the package does.
func (w *workspace) openBzip2() (source, error) {
	return &streamSource{r: bzip2.NewReader(w.buffered(&w.in))}, nil
}
