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
	buf bytes.Buffer
}

func (d *Inflater) max() int {
	if d.Max > 0 {
		return d.Max
	}
	return 16 << 20
}

// Payload returns the text in data: what it decompresses to if it begins as gzip does, else data itself. The text is valid
// until the next call. An error tells of damage, or is ErrTooLarge; memory stays below four times Max.
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
	d.buf.Reset()
	n, err := d.buf.ReadFrom(io.LimitReader(&d.zip, int64(d.max())+1))
	if err != nil {
		return nil, fmt.Errorf("decompressing payload: %w", err)
	}
	if n > int64(d.max()) {
		return nil, fmt.Errorf("%w: it decompresses to more than %d bytes", ErrTooLarge, d.max())
	}
	return d.buf.Bytes(), nil
}

func isGzip(data []byte) bool { return len(data) > 1 && data[0] == 0x1f && data[1] == 0x8b }
