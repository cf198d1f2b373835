package storage

import (
	"io"

	"github.com/klauspost/compress/gzip"
)

// A GzipReader decompresses gzip, of any number of members, for packages that have it elsewhere than in files. The zero value
// is for Reset. It is for one goroutine.
type GzipReader struct{ z gzip.Reader }

// Reset makes it a reader of r, whose header it reads. The memory of what it read before is used again.
func (g *GzipReader) Reset(r io.Reader) error { return g.z.Reset(r) }

// Read reads decompressed bytes. That a checksum does not hold is the error at the end of a member.
func (g *GzipReader) Read(p []byte) (int, error) { return g.z.Read(p) }
