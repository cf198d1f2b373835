package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// ReadPart reads all cells of a part, as if it were what was written. An array that is not too long must have as many elements
// when they are all written as it had before.
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
	for err = r.next(); err == nil && len(r.measure) > 0; err = r.next() {
		if err := r.each(func(_ group, _ int64, text []byte) {
			cells++
			const most = 1 << 20
			dense, n := appendDense(nil, text, most)
			if _, again := appendDense(nil, dense, most); n <= most && again != n {
				panic(fmt.Sprintf("%q has %d elements", text, n))
			}
			if n > most {
				return
			}
			var sum, same total
			if sum.reset(n); sum.add(text) {
				if same.reset(n); !same.add(dense) {
					panic(fmt.Sprintf("%q is an array, but not with all elements", text))
				}
			}
		}); err != nil {
			return cells, err
		}
	}
	return cells, err
}
