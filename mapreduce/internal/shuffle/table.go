package shuffle

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"unsafe"
)

// A Table gathers pairs in memory by key. It is not safe for concurrent use.
//
// Keys and values are in blocks that are never moved, so a table does not hold twice its size while it grows. A pair of a
// known key allocates nothing until a block is full.
type Table[V any] struct {
	job     TableJob[V]
	seed    maphash.Seed
	slots   []slot // open addressing, linear probing; at most 3/4 full
	entries []ref
	keyAt   uintptr // where the key begins, from its entry on
	accs    [][]V   // with Combine: the value of the entry n is accs[n/accBlock][n%accBlock]
	arena   arena
	pairs   int64
	scratch []byte
}

// A Place is where a table has what it gathers of a key, until the table is emptied. It is never 0. With Combine it is the
// entry's number, counted from one, else the entry's ref.
type Place uint32

// A TableJob is what a table needs to know of values.
type TableJob[V any] struct {
	Combine func(acc *V, v V) // nil keeps every value
	Clone   func(v V) V       // a copy that shares no memory with v; the first value of a key, with Combine
	Append  func(dst []byte, v *V) ([]byte, error)
}

// A ValueError says of which key a value cannot be encoded.
type ValueError struct {
	Key []byte
	Err error
}

func (e *ValueError) Error() string { return fmt.Sprintf("value of key %q: %v", e.Key, e.Err) }
func (e *ValueError) Unwrap() error { return e.Err }

type slot struct {
	hash  uint32
	entry ref // 0 is an empty slot
}

// An entry is a key in the arena: this head, with list behind it where values are kept, then the key's bytes.
type entry struct {
	keyLen uint32
	n      uint32 // with Combine: the entry's number, from 0 on; else of values
}

const (
	accBlock = 512
	minSlots = 1 << 10

	// maxBytes is the most that a key or an encoded value may have, so that lengths fit everywhere.
	maxBytes = 1 << 30
)

// NewTable returns an empty table.
func NewTable[V any](job TableJob[V]) *Table[V] {
	t := &Table[V]{job: job, seed: maphash.MakeSeed(), slots: make([]slot, minSlots), keyAt: unsafe.Sizeof(entry{})}
	if job.Combine == nil {
		t.keyAt += unsafe.Sizeof(list{})
	}
	return t
}

// Len returns the number of keys.
func (t *Table[V]) Len() int { return len(t.entries) }

// Pairs returns the number of pairs added since the table was last empty.
func (t *Table[V]) Pairs() int64 { return t.pairs }

// Size returns about how many bytes the pairs take, sorting included, without what V's own pointers lead to.
func (t *Table[V]) Size() int64 {
	perKey := 2*unsafe.Sizeof(slot{}) + unsafe.Sizeof(ref(0)) + unsafe.Sizeof(sortItem{})
	if t.job.Combine != nil {
		var v V
		perKey += unsafe.Sizeof(v)
	}
	return t.arena.used + int64(len(t.entries))*int64(perKey)
}

// Add adds a pair and returns the place of its key. key is copied; v is combined, cloned or encoded before Add returns.
// After an error, or a panic of the job's functions, the table is good for Reset alone.
func (t *Table[V]) Add(key []byte, v *V) (Place, error) {
	r, found, err := t.find(key)
	if err != nil {
		return 0, err
	}
	if t.job.Combine == nil {
		return Place(r), t.AddAt(Place(r), v)
	}
	p := Place(t.entry(r).n + 1)
	if found {
		return p, t.AddAt(p, v)
	}
	t.pairs++
	if int(p-1)/accBlock == len(t.accs) {
		t.accs = append(t.accs, make([]V, accBlock))
	}
	*t.acc(p) = t.job.Clone(*v)
	return p, nil
}

// AddAt is Add for a key whose place is known.
func (t *Table[V]) AddAt(p Place, v *V) error {
	t.pairs++
	if t.job.Combine == nil {
		return t.push(t.entry(ref(p)), v)
	}
	t.job.Combine(t.acc(p), *v)
	return nil
}

func (t *Table[V]) entry(r ref) *entry { return (*entry)(t.arena.at(r)) }

func (t *Table[V]) acc(p Place) *V { return &t.accs[(p-1)/accBlock][(p-1)%accBlock] }

// find returns the entry of key, which it adds if it is new.
func (t *Table[V]) find(key []byte) (r ref, found bool, err error) {
	hash := uint32(maphash.Bytes(t.seed, key))
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s.entry == 0 {
			break
		}
		if s.hash == hash {
			if string(t.key(t.entry(s.entry))) == string(key) {
				return s.entry, true, nil
			}
		}
	}
	r, err = t.insert(hash, key)
	return r, false, err
}

func (t *Table[V]) insert(hash uint32, key []byte) (ref, error) {
	if len(key) > maxBytes {
		return 0, fmt.Errorf("a key of %d bytes is too long", len(key))
	}
	if len(t.entries)+1 > len(t.slots)*3/4 {
		t.grow()
	}
	r := t.arena.alloc(int(t.keyAt) + len(key))
	e := t.entry(r)
	e.keyLen, e.n = uint32(len(key)), uint32(len(t.entries))
	if t.job.Combine == nil {
		e.n, *listOf(e) = 0, list{}
	}
	copy(t.key(e), key)
	t.place(slot{hash: hash, entry: r})
	t.entries = append(t.entries, r)
	return r, nil
}

func (t *Table[V]) place(s slot) {
	mask := uint32(len(t.slots) - 1)
	i := s.hash & mask
	for t.slots[i].entry != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

func (t *Table[V]) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.entry != 0 {
			t.place(s)
		}
	}
}

func (t *Table[V]) key(e *entry) []byte { return bytesAt(unsafe.Pointer(e), t.keyAt, e.keyLen) }

// WriteTo writes the table's pairs to a run, in key order, and empties the table. After an error it is as it was.
func (t *Table[V]) WriteTo(w *RunWriter) error {
	for _, item := range t.sorted() {
		e := t.entry(item.entry)
		var err error
		if t.job.Combine != nil {
			err = t.writeAcc(w, e)
		} else {
			err = t.writeList(w, e)
		}
		if err != nil {
			return err
		}
	}
	t.Reset()
	return nil
}

func (t *Table[V]) writeAcc(w *RunWriter, e *entry) error {
	if err := t.encode(e, t.acc(Place(e.n+1))); err != nil {
		return err
	}
	return w.addValue(t.key(e), t.scratch)
}

// encode encodes v, a value of e, to scratch.
func (t *Table[V]) encode(e *entry, v *V) error {
	out, err := t.job.Append(t.scratch[:0], v)
	if err == nil && len(out) > maxBytes {
		err = fmt.Errorf("a value of %d bytes is too long", len(out))
	}
	if err != nil {
		return &ValueError{Key: bytes.Clone(t.key(e)), Err: err}
	}
	t.scratch = out
	return nil
}

// Reset empties the table. It keeps its memory for the next pairs, but for what large ones took.
func (t *Table[V]) Reset() {
	clear(t.slots)
	if t.job.Combine != nil {
		for i := range min((len(t.entries)+accBlock-1)/accBlock, len(t.accs)) { // the last value may have failed to come
			clear(t.accs[i])
		}
	}
	if cap(t.scratch) > largeWords*8 {
		t.scratch = nil
	}
	t.entries, t.pairs = t.entries[:0], 0
	t.arena.reset()
}
