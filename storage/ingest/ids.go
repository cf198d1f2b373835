package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// ids are the documents that a store has got of late, by the first 16 bytes of the SHA-256 of their ids. A document is a duplicate
// if the same has been kept with a time within the window before or behind its own.
//
// Time is divided into slots of the length of the window. At the end of each batch, what is more than two slots before the newest
// is forgotten. So what is remembered depends on the batches and their order alone, not on when a process began; whatever is up
// to a window late is judged by all that there was; and memory and files have three windows and a batch. A record from a
// clock that is ahead of this machine's by more than a window is no duplicate and not remembered, lest it make all others old.
type ids struct {
	window int64            // milliseconds
	slots  slots            // of the batches that are committed
	batch  slots            // of the one that is being made
	data   []byte           // the same, as they are written
	latest map[string]int64 // time of the newest document in each file
}

// slots have the times of the documents that were kept, by slot. A document is at most once in one: the second is a duplicate.
type slots map[int64]map[[16]byte]int64

// An entry of a file of ids is 16 bytes of hash and 8 of time, little endian; a CRC-32C of all ends the file.
const idSize = 24

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// loadIDs reads what batches have left.
func loadIDs(root *os.Root, window time.Duration) (*ids, error) {
	d := &ids{window: max(window.Milliseconds(), 1), slots: slots{}, batch: slots{}, latest: map[string]int64{}}
	dir, err := root.Open(idsName)
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := root.ReadFile(path.Join(idsName, name))
		if err != nil {
			return nil, err
		}
		n := len(data) - 4
		if n < 0 || n%idSize != 0 || crc32.Checksum(data[:n], castagnoli) != binary.LittleEndian.Uint32(data[n:]) {
			return nil, fmt.Errorf("%s is damaged; it may be removed: documents of its batch that come again are then no duplicates",
				path.Join(root.Name(), idsName, name))
		}
		d.add(name, data[:n])
	}
	d.forget(root)
	return d, nil
}

// add has the documents of a file in their slots.
func (d *ids) add(name string, data []byte) {
	d.latest[name] = 0
	for ; len(data) > 0; data = data[idSize:] {
		if at := int64(binary.LittleEndian.Uint64(data[16:])); d.isPlausible(at) { // older versions kept all
			d.slots.put(at/d.window, [16]byte(data[:16]), at)
			d.latest[name] = max(d.latest[name], at)
		}
	}
}

func (d *ids) isPlausible(at int64) bool { return at >= 0 && at <= time.Now().UnixMilli()+d.window }

func (s slots) put(slot int64, key [16]byte, at int64) {
	if s[slot] == nil {
		s[slot] = map[[16]byte]int64{}
	}
	s[slot][key] = max(s[slot][key], at) // of two, which only a window that was shorter has left
}

// isDuplicate tells whether a document has been kept, within the window before or behind this time. If not, it is now.
func (d *ids) isDuplicate(id []byte, at int64) bool {
	if !d.isPlausible(at) {
		return false
	}
	sum := sha256.Sum256(id)
	key, slot := [16]byte(sum[:16]), at/d.window
	for _, s := range []slots{d.batch, d.slots} {
		for near := slot - 1; near <= slot+1; near++ {
			if t, ok := s[near][key]; ok && max(t-at, at-t) <= d.window {
				return true
			}
		}
	}
	d.batch.put(slot, key, at)
	d.data = binary.LittleEndian.AppendUint64(append(d.data, key[:]...), uint64(at))
	return false
}

// write puts the documents of the batch into a file of its directory.
func (d *ids) write(root *os.Root, name string) error {
	return storage.WriteFileIn(root, name, binary.LittleEndian.AppendUint32(d.data, crc32.Checksum(d.data, castagnoli)))
}

// end ends a batch. Its documents, unless it has come to nothing, are those that the file with this name has now.
func (d *ids) end(root *os.Root, name string, committed bool) {
	if committed {
		d.add(name, d.data)
		d.forget(root)
	}
	clear(d.batch)
	d.data = d.data[:0]
}

// forget removes what is too old, from memory and from the disk.
func (d *ids) forget(root *os.Root) {
	var oldest int64
	for _, at := range d.latest {
		oldest = max(oldest, at/d.window-2)
	}
	maps.DeleteFunc(d.slots, func(slot int64, _ map[[16]byte]int64) bool { return slot < oldest })
	maps.DeleteFunc(d.latest, func(name string, at int64) bool {
		if at/d.window >= oldest {
			return false
		}
		err := root.Remove(path.Join(idsName, name)) // one that is left is removed after the next batch
		return err == nil || errors.Is(err, fs.ErrNotExist)
	})
}
