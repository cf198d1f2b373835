package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// ReadPart reads all cells of a part, as if it were what was written.
func ReadPart(state, name string) (cells int, err error) {
	text, err := os.ReadFile(filepath.Join(state, name))
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(text)
	r, err := openPart(state, "20131102", Part{File: name, Sum: hex.EncodeToString(sum[:])})
	if err != nil {
		return 0, err
	}
	defer r.close()
	r.ids = make([]group, len(r.groups.Groups))
	for err = r.next(); err == nil && r.measure != ""; err = r.next() {
		if err := r.each(func(group, int64, []byte) { cells++ }); err != nil {
			return cells, err
		}
	}
	return cells, err
}
