package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// ids are the documents that a store has got within a window of time, by the first 16 bytes of the SHA-256 of their ids. It
// takes about 50 bytes of memory for each.
type ids struct {
	window int64              // milliseconds
	seen   map[[16]byte]int64 // time of the record that was kept
	batch  map[[16]byte]int64 // those of the batch that is being made
	data   []byte             // these, as they are written
}

// An entry of a file of ids is 16 bytes of hash and 8 of time; a CRC-32C of all ends the file.
const idSize = 24

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// loadIDs reads what batches have left. A file that the window has passed is removed.
func loadIDs(root *os.Root, window time.Duration) (*ids, error) {
	d := &ids{window: window.Milliseconds(), seen: map[[16]byte]int64{}, batch: map[[16]byte]int64{}}
	dir, err := root.Open(idsName)
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	var newest int64
	latest := map[string]int64{}
	for _, name := range names {
		data, err := root.ReadFile(path.Join(idsName, name))
		if err != nil {
			return nil, err
		}
		n := len(data) - 4
		if n < 0 || n%idSize != 0 || crc32.Checksum(data[:n], castagnoli) != binary.LittleEndian.Uint32(data[n:]) {
			return nil, fmt.Errorf("%s is damaged; without it, documents of its batch are no duplicates", path.Join(root.Name(), idsName, name))
		}
		for e := data[:n]; len(e) > 0; e = e[idSize:] {
			at := int64(binary.LittleEndian.Uint64(e[16:]))
			latest[name] = max(latest[name], at)
			key := [16]byte(e[:16])
			d.seen[key] = max(d.seen[key], at)
		}
		newest = max(newest, latest[name])
	}
	for name, at := range latest {
		if at < newest-2*d.window {
			if err := root.Remove(path.Join(idsName, name)); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// isDuplicate tells whether a document has been kept, within the window before or behind this time. If not, it is now.
func (d *ids) isDuplicate(id []byte, at int64) bool {
	sum := sha256.Sum256(id)
	key := [16]byte(sum[:16])
	for _, known := range []map[[16]byte]int64{d.batch, d.seen} {
		if t, ok := known[key]; ok && max(t-at, at-t) <= d.window {
			return true
		}
	}
	d.batch[key] = at
	d.data = binary.LittleEndian.AppendUint64(append(d.data, key[:]...), uint64(at))
	return false
}

// write puts the documents of the batch into a file of its directory.
func (d *ids) write(root *os.Root, name string) error {
	data := binary.LittleEndian.AppendUint32(d.data, crc32.Checksum(d.data, castagnoli))
	w, err := storage.CreateFileIn(root, name)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }() // after Commit it does nothing
	_, _ = w.Write(data)             // Commit reports it
	return w.Commit()
}

// end ends the batch. If it is committed, its documents have been seen.
func (d *ids) end(committed bool) {
	if committed {
		for key, at := range d.batch {
			d.seen[key] = at
		}
	}
	clear(d.batch)
	d.data = d.data[:0]
}
