package shuffle

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/telemetry-mr/mr/storage"
)

// A run is a sorted file of pairs. All fixed numbers are little endian, uvarint is encoding/binary's.
//
//	run     = magic block* index trailer
//	magic   = "mr run 1"                                                        8 bytes
//	block   = length u32, xxHash64 of the entries u64, entries
//	entry   = uvarint shared, uvarint suffix length, uvarint count, uvarint values length, suffix, values
//	value   = uvarint length, bytes
//	index   = length u32, xxHash64 u64, (uvarint key length, key, uvarint offset)*   one for each block
//	trailer = offset of the index u64, pairs u64, "mr run 1"                    24 bytes
//
// An entry holds count values of one key, which starts with the first shared bytes of the key before it. The first entry
// of a block shares nothing, so reading can begin at any block. A key may have several entries, one behind the other.
// Every byte but the magic and the trailer is under a checksum, and the trailer names the index, which is under one.
const (
	runMagic    = "mr run 1"
	blockHead   = 4 + 8
	trailerSize = 8 + 8 + 8
	blockTarget = 64 << 10 // a block ends with the entry that reaches this
	maxSamples  = 256
)

// A Run is a run on disk, as its writer knows it.
type Run struct {
	Path    string
	Bytes   int64
	Pairs   int64
	Samples [][]byte // at most maxSamples keys in ascending order, about the same number of bytes apart
}

// An IndexEntry is the first key of a block and the place of the block in the file.
type IndexEntry struct {
	Key    []byte
	Offset int64
}

// A RunWriter writes a run. Its errors stick; Commit reports them.
type RunWriter struct {
	file   *storage.FileWriter
	run    Run
	index  []IndexEntry
	block  []byte // head and entries
	entry  []byte // values of the entry at hand
	key    []byte // of the entry before
	cur    []byte // of the entry at hand
	count  int64  // values of the entry at hand
	inside bool   // the block has an entry
	since  int    // bytes of entries since the last sample
	stride int    // bytes from sample to sample
	err    error
}

// CreateRun begins a run. The file appears under its name at Commit.
func CreateRun(path string) (*RunWriter, error) {
	file, err := storage.CreateFile(path)
	if err != nil {
		return nil, err
	}
	w := &RunWriter{file: file, run: Run{Path: path}, block: make([]byte, blockHead, blockTarget+blockTarget/4)}
	w.write([]byte(runMagic))
	return w, nil
}

// addValue adds an entry of one value.
func (w *RunWriter) addValue(key, value []byte) error {
	w.entry = binary.AppendUvarint(w.entry[:0], uint64(len(value)))
	head := len(w.entry)
	return w.add(key, 1, w.entry[:head], value)
}

// Add adds an entry: count values of key, each behind its length. Keys come in ascending order.
func (w *RunWriter) Add(key []byte, count int64, values []byte) error {
	return w.add(key, count, values, nil)
}

// begin starts an entry whose values come piece by piece; end ends it.
func (w *RunWriter) begin(key []byte, count int64) error {
	w.cur, w.count, w.entry = append(w.cur[:0], key...), count, w.entry[:0]
	return w.err
}

func (w *RunWriter) values(piece []byte) error {
	w.entry = append(w.entry, piece...)
	return w.err
}

func (w *RunWriter) end() error { return w.add(w.cur, w.count, w.entry, nil) }

func (w *RunWriter) add(key []byte, count int64, values, more []byte) error {
	if w.err != nil {
		return w.err
	}
	shared := 0
	if w.inside {
		shared = commonPrefix(w.key, key)
	} else {
		w.index = append(w.index, IndexEntry{Key: append([]byte(nil), key...), Offset: w.run.Bytes})
	}
	w.sample(key, len(values)+len(more))
	b := w.block
	b = binary.AppendUvarint(b, uint64(shared))
	b = binary.AppendUvarint(b, uint64(len(key)-shared))
	b = binary.AppendUvarint(b, uint64(count))
	b = binary.AppendUvarint(b, uint64(len(values)+len(more)))
	b = append(b, key[shared:]...)
	b = append(b, values...)
	w.block = append(b, more...)
	w.key = append(w.key[:shared], key[shared:]...)
	w.inside = true
	w.run.Pairs += count
	if len(w.block) >= blockTarget {
		w.flush()
	}
	return w.err
}

// sample keeps key if it is about a stride behind the last one kept. The stride doubles when the samples are many.
func (w *RunWriter) sample(key []byte, bytes int) {
	if w.since < w.stride {
		w.since += bytes + len(key)
		return
	}
	if len(w.run.Samples) == maxSamples {
		for i := range maxSamples / 2 {
			w.run.Samples[i] = w.run.Samples[2*i]
		}
		w.run.Samples = w.run.Samples[:maxSamples/2]
		w.stride = 2*w.stride + 16
	}
	w.run.Samples = append(w.run.Samples, append([]byte(nil), key...))
	w.since = bytes + len(key)
}

func (w *RunWriter) flush() {
	if !w.inside {
		return
	}
	w.writeSummed(w.block)
	w.block, w.inside = w.block[:blockHead], false
}

// writeSummed writes a block or the index: b with its head filled in.
func (w *RunWriter) writeSummed(b []byte) {
	binary.LittleEndian.PutUint32(b, uint32(len(b)-blockHead))
	binary.LittleEndian.PutUint64(b[4:], xxhash.Sum64(b[blockHead:]))
	w.write(b)
}

func (w *RunWriter) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.file.Write(b)
	w.run.Bytes += int64(n)
	w.err = err
}

// Commit writes the index, names the file and returns what it holds. The file is not synced: a run that does not survive
// a power cut is made again.
func (w *RunWriter) Commit() (Run, error) {
	w.flush()
	at := w.run.Bytes
	index := make([]byte, blockHead)
	for _, e := range w.index {
		index = binary.AppendUvarint(index, uint64(len(e.Key)))
		index = append(index, e.Key...)
		index = binary.AppendUvarint(index, uint64(e.Offset))
	}
	w.writeSummed(index)
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(at))
	trailer = binary.LittleEndian.AppendUint64(trailer, uint64(w.run.Pairs))
	w.write(append(trailer, runMagic...))
	if w.err != nil {
		return Run{}, fmt.Errorf("writing run: %w", w.err)
	}
	if err := w.file.Publish(); err != nil {
		return Run{}, fmt.Errorf("writing run: %w", err)
	}
	return w.run, nil
}

// Close discards the run unless it was committed.
func (w *RunWriter) Close() error { return w.file.Close() }

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if binary.LittleEndian.Uint64(a[i:]) != binary.LittleEndian.Uint64(b[i:]) {
			break
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
