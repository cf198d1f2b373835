package shuffle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/telemetry-mr/mr/storage"
)

// A run is a sorted file of entries. Fixed numbers are little endian, uvarint is encoding/binary's, hash is xxHash64.
//
//	run     = magic block* index trailer
//	magic   = "mr run 1"                                                                    8 bytes
//	block   = length of the entries u32, hash of the entries u64, entry+, values if the last entry is a far one
//	entry   = uvarint shared, uvarint suffix length, uvarint count, uvarint 2*length + far, suffix, rest
//	rest    = values where far is 0; hash of the values u64 where far is 1
//	values  = (uvarint length, bytes)*                                                      length bytes
//	index   = length u32, hash u64 as of a block, (uvarint cut length, cut, uvarint offset of the block)*
//	trailer = offset of the index u64, "mr run 1"                                           16 bytes
//
// An entry holds count values of one key, which is the first shared bytes of the key before it and the suffix; shared is as
// large as it can be, but 0 in the first entry of a block. A key may have several entries, one behind the other. Values of
// more than maxNear bytes are far: they follow the block, which ends with their entry, and are read only when it is their
// turn.
//
// A cut divides the keys before its block, which are less, from those that begin with it, which are not. Where a key goes
// on from block to block it is the cut itself. The index leaves out the first block and those whose cut is longer than
// maxCut.
//
// Hashes cover everything but the magic, the lengths and the trailer, and these lead nowhere else when they are wrong:
// blocks have to end where the index begins, which has to end where the trailer begins.
const (
	runMagic    = "mr run 1"
	blockHead   = 4 + 8
	trailerSize = 8 + 8
	blockTarget = 64 << 10 // a block ends with the entry that reaches this
	maxNear     = 32 << 10
	maxCut      = 1 << 10 // also of the keys in Run.Samples

	maxSamples = 256
	minStride  = 1 << 10
)

// A Run is a run on disk, as its writer knows it.
type Run struct {
	Path  string
	Bytes int64
	Pairs int64 // values of all entries

	// Samples are the keys found at equal distances in the file, at most 256 of them. They ascend; a key with many bytes
	// of values comes several times. Keys longer than 1 KiB are left out.
	Samples [][]byte
}

// A RunWriter writes a run. Its errors stick; Commit reports them.
type RunWriter struct {
	file   *storage.FileWriter
	run    Run
	index  []byte // head and cuts
	block  []byte // head and entries
	key    []byte // of the last entry
	some   bool   // there is a last entry
	inside bool   // and it is in the block
	stride int64  // from sample to sample
	next   int64  // where the next sample is due
	err    error
}

// CreateRun begins a run. The file appears under its name at Commit.
func CreateRun(path string) (*RunWriter, error) {
	file, err := storage.CreateFile(path)
	if err != nil {
		return nil, err
	}
	w := &RunWriter{file: file, run: Run{Path: path}, index: make([]byte, blockHead), block: make([]byte, blockHead, BlockBytes), stride: minStride}
	w.write([]byte(runMagic))
	return w, nil
}

// addValue adds an entry of one value.
func (w *RunWriter) addValue(key, value []byte) error {
	var length [binary.MaxVarintLen64]byte
	return w.add(key, 1, length[:binary.PutUvarint(length[:], uint64(len(value)))], value)
}

// Add adds an entry: count values of key, each behind its length. Keys come in ascending order; entries of one key keep
// theirs.
func (w *RunWriter) Add(key []byte, count int64, values []byte) error {
	return w.add(key, count, nil, values)
}

// add is Add for values in two pieces.
func (w *RunWriter) add(key []byte, count int64, head, values []byte) error {
	if w.err != nil {
		return w.err
	}
	shared := commonPrefix(w.key, key)
	if w.some && (shared < len(w.key) && (shared == len(key) || key[shared] < w.key[shared])) {
		w.err = fmt.Errorf("key %q comes after %q", key, w.key)
		return w.err
	}
	suffix := key[shared:]
	if !w.inside {
		w.cut(key, shared)
		shared, suffix = 0, key
	}
	size, far := len(head)+len(values), 0
	if size > maxNear {
		far = 1
	}
	b := w.block
	b = binary.AppendUvarint(b, uint64(shared))
	b = binary.AppendUvarint(b, uint64(len(suffix)))
	b = binary.AppendUvarint(b, uint64(count))
	b = binary.AppendUvarint(b, uint64(2*size+far))
	b = append(b, suffix...)
	if far == 0 {
		b = append(b, head...)
		b = append(b, values...)
	} else {
		b = binary.LittleEndian.AppendUint64(b, hash(head, values))
	}
	w.block, w.inside, w.some = b, true, true
	w.key = append(w.key[:shared], suffix...)
	w.run.Pairs += count
	if far == 1 {
		w.flush()
		w.write(head)
		w.write(values)
	} else if len(w.block) >= blockTarget {
		w.flush()
	}
	if end := w.run.Bytes + int64(len(w.block)); end > w.next {
		w.sample(key, end)
	}
	return w.err
}

// cut notes in the index a block that begins with key, which shares so many bytes with the key before.
func (w *RunWriter) cut(key []byte, shared int) {
	if n := min(shared+1, len(key)); w.some && n <= maxCut {
		w.index = binary.AppendUvarint(w.index, uint64(n))
		w.index = append(w.index, key[:n]...)
		w.index = binary.AppendUvarint(w.index, uint64(w.run.Bytes))
	}
}

// sample takes key as often as a sample is due before end. Samples are a stride apart, which doubles when they are many.
func (w *RunWriter) sample(key []byte, end int64) {
	if len(key) <= maxCut {
		key = bytes.Clone(key)
	} else {
		key = nil // holds the place
	}
	for ; w.next < end; w.next += w.stride {
		if len(w.run.Samples) == maxSamples {
			for i := range maxSamples / 2 {
				w.run.Samples[i] = w.run.Samples[2*i]
			}
			w.run.Samples = w.run.Samples[:maxSamples/2]
			w.stride *= 2
		}
		w.run.Samples = append(w.run.Samples, key)
	}
}

func (w *RunWriter) flush() {
	if w.inside {
		w.writeSummed(w.block)
		w.block, w.inside = w.block[:blockHead], false
	}
}

// writeSummed writes a block or the index: b with its head filled in.
func (w *RunWriter) writeSummed(b []byte) {
	if int64(len(b)-blockHead) > math.MaxUint32 && w.err == nil {
		w.err = fmt.Errorf("%d bytes of keys do not fit", len(b))
		return
	}
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
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(w.run.Bytes))
	w.writeSummed(w.index)
	w.write(append(trailer, runMagic...))
	if w.err != nil {
		return Run{}, fmt.Errorf("writing run: %w", w.err)
	}
	if err := w.file.Publish(); err != nil {
		return Run{}, fmt.Errorf("writing run: %w", err)
	}
	w.run.Samples = slices.DeleteFunc(w.run.Samples, func(key []byte) bool { return key == nil })
	return w.run, nil
}

// Close discards the run unless it was committed.
func (w *RunWriter) Close() error { return w.file.Close() }

// hash returns the hash of two pieces as if they were one.
func hash(head, values []byte) uint64 {
	if len(head) == 0 {
		return xxhash.Sum64(values)
	}
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(head) // never fails
	_, _ = d.Write(values)
	return d.Sum64()
}

// commonPrefix returns how many bytes a and b share at their beginning.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if d := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// uvarintLen returns how many bytes n takes as a uvarint.
func uvarintLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }
