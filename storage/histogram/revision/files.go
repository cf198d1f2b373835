package revision

import (
	"crypto/sha256"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// files are the definitions in memory, by the hash of their text. Neighbouring revisions have the same file, most of the
// time.
type files map[[sha256.Size]byte]*file

type file struct {
	sum   [sha256.Size]byte
	defs  *histogram.Definitions
	size  int64
	users int // entries
}

// memoryPerByte is what the definitions of a file take for each byte of it, when all their ranges are known.
const memoryPerByte = 6

// join adds a user of f, or of the file with the same text that is there already. It returns the one that is used, and how
// much larger the files are now.
func (fs files) join(f *file) (used *file, more int64) {
	if there := fs[f.sum]; there != nil {
		f = there
	} else {
		fs[f.sum] = f
		more = f.size
	}
	f.users++
	return f, more
}

// leave takes away a user of f, which may be nil. It returns how much smaller the files are now.
func (fs files) leave(f *file) (less int64) {
	if f == nil {
		return 0
	}
	if f.users--; f.users > 0 {
		return 0
	}
	delete(fs, f.sum)
	return f.size
}
