package rawlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/telemetry-mr/mr/storage"
)

// ErrTooLarge is the error of a payload that is larger than the Inflater allows.
var ErrTooLarge = errors.New("payload is too large")

// An Inflater undoes the compression of payloads. The zero value is ready. It is for one goroutine.
type Inflater struct {
	Max int // most bytes of a payload, compressed or not; default 16 MiB

	zip storage.GzipReader
	src bytes.Reader
	buf []byte
}

func (d *Inflater) max() int {
	if d.Max > 0 {
		return d.Max
	}
	return 16 << 20
}

// Payload returns the text in data: what it decompresses to if it begins as gzip does, else data itself. The text is valid
// until the next call. An error tells of damage, or is ErrTooLarge; memory stays below twice Max.
func (d *Inflater) Payload(data []byte) ([]byte, error) {
	if !isGzip(data) {
		if len(data) > d.max() {
			return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), d.max())
		}
		return data, nil
	}
	d.src.Reset(data)
	if err := d.zip.Reset(&d.src); err != nil {
		return nil, fmt.Errorf("decompressing payload: %w", err)
	}
	for n := 0; ; {
		if n == len(d.buf) {
			grown := make([]byte, min(max(2*n, 64<<10), d.max()+1))
			copy(grown, d.buf)
			d.buf = grown
		}
		m, err := d.zip.Read(d.buf[n:])
		switch n += m; {
		case n > d.max():
			return nil, fmt.Errorf("%w: it decompresses to more than %d bytes", ErrTooLarge, d.max())
		case err == io.EOF:
			return d.buf[:n], nil
		case err != nil:
			return nil, fmt.Errorf("decompressing payload: %w", err)
		}
	}
}

func isGzip(data []byte) bool { return len(data) > 1 && data[0] == 0x1f && data[1] == 0x8b }
