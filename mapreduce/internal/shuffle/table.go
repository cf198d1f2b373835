package shuffle

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"
)

// A Table gathers pairs in memory by key. It is not safe for concurrent use.
//
// Memory is taken in blocks that are never moved, so a table does not hold twice its size while it grows. A pair of a
// known key allocates nothing until a block is full.
type Table[V any] struct {
	job   TableJob[V]
	seed  maphash.Seed
	slots []slot // open addressing, linear probing; at most 3/4 full
	keys  []tableKey
	accs  [][]V  // with Combine: the value of keys[i] is accs[i/accBlock][i%accBlock]
	lists []list // without
	arena arena
	pairs int64

	scratch []byte
}

// A TableJob is what a table needs to know of values.
type TableJob[V any] struct {
	Combine func(acc *V, v V) // nil keeps every value
	Clone   func(v V) V       // a copy that shares no memory with v; the first value of a key
	Append  func(dst []byte, v *V) ([]byte, error)
}

type slot struct {
	hash uint32
	key  uint32 // index in keys plus one; 0 is empty
}

type tableKey struct {
	ref ref
	len uint32
}

// A list is a chain of chunks in the arena that holds encoded values, each behind its length.
type list struct {
	head, tail ref
	free       uint32 // bytes left in the tail chunk
	cap        uint32 // payload bytes of the tail chunk
	count      uint32
}

const (
	accBlock  = 512
	minSlots  = 1 << 10
	chunkHead = 12 // next ref, used bytes
	minChunk  = 20
	maxChunk  = 4 << 10
)

// NewTable returns an empty table.
func NewTable[V any](job TableJob[V]) *Table[V] {
	return &Table[V]{job: job, seed: maphash.MakeSeed(), slots: make([]slot, minSlots)}
}

// Len returns the number of keys.
func (t *Table[V]) Len() int { return len(t.keys) }

// Pairs returns the number of pairs added since the table was last empty.
func (t *Table[V]) Pairs() int64 { return t.pairs }

// Size returns about how many bytes the pairs take, without what V's own pointers lead to.
func (t *Table[V]) Size() int64 {
	var v V
	perKey := unsafe.Sizeof(tableKey{}) + 2*unsafe.Sizeof(slot{})
	if t.job.Combine != nil {
		perKey += unsafe.Sizeof(v)
	} else {
		perKey += unsafe.Sizeof(list{})
	}
	return t.arena.used + int64(len(t.keys))*int64(perKey)
}

// Add adds a pair. key is copied; v is combined, cloned or encoded before Add returns.
func (t *Table[V]) Add(key []byte, v *V) error {
	i, found := t.find(key)
	t.pairs++
	if t.job.Combine != nil {
		if found {
			t.job.Combine(t.acc(i), *v)
			return nil
		}
		if i%accBlock == 0 {
			t.accs = append(t.accs, make([]V, accBlock))
		}
		*t.acc(i) = t.job.Clone(*v)
		return nil
	}
	if !found {
		t.lists = append(t.lists, list{})
	}
	return t.push(&t.lists[i], v)
}

func (t *Table[V]) acc(i int) *V { return &t.accs[i/accBlock][i%accBlock] }

// find returns the index of key, which it adds if it is new.
func (t *Table[V]) find(key []byte) (index int, found bool) {
	hash := uint32(maphash.Bytes(t.seed, key))
	mask := uint32(len(t.slots) - 1)
	for s := hash & mask; ; s = (s + 1) & mask {
		slot := &t.slots[s]
		if slot.key == 0 {
			break
		}
		if slot.hash == hash && string(t.key(int(slot.key-1))) == string(key) {
			return int(slot.key - 1), true
		}
	}
	if len(t.keys)+1 > len(t.slots)*3/4 {
		t.grow()
		mask = uint32(len(t.slots) - 1)
	}
	r, mem := t.arena.alloc(len(key))
	copy(mem, key)
	t.keys = append(t.keys, tableKey{ref: r, len: uint32(len(key))})
	t.place(slot{hash: hash, key: uint32(len(t.keys))}, mask)
	return len(t.keys) - 1, false
}

func (t *Table[V]) place(n slot, mask uint32) {
	for s := n.hash & mask; ; s = (s + 1) & mask {
		if t.slots[s].key == 0 {
			t.slots[s] = n
			return
		}
	}
}

func (t *Table[V]) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.key != 0 {
			t.place(s, uint32(len(t.slots)-1))
		}
	}
}

func (t *Table[V]) key(i int) []byte {
	k := &t.keys[i]
	return t.arena.bytes(k.ref, int(k.len))
}

// push appends an encoded value to a list. It is encoded right behind the last one where a small value is expected to
// fit, and copied to a new chunk when it does not.
func (t *Table[V]) push(l *list, v *V) error {
	if l.free > binary.MaxVarintLen32 {
		tail := t.arena.bytes(l.tail, chunkHead+int(l.cap))
		used := len(tail) - int(l.free)
		// One byte for the length: a longer value takes the way below.
		out, err := t.job.Append(tail[used+1:used+1:len(tail)], v)
		if err != nil {
			return err
		}
		if n := len(out); n < 0x80 && used+1+n <= len(tail) {
			tail[used] = byte(n)
			l.free -= uint32(1 + n)
			l.count++
			return nil
		}
		return t.pushChunk(l, out)
	}
	out, err := t.job.Append(t.scratch[:0], v)
	if err != nil {
		return err
	}
	t.scratch = out
	return t.pushChunk(l, out)
}

// pushChunk puts an encoded value in a new chunk at the list's end.
func (t *Table[V]) pushChunk(l *list, value []byte) error {
	var size [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(size[:], uint64(len(value)))
	need := n + len(value)
	room := max(need, minChunk, min(2*int(l.cap), maxChunk))
	if l.count == 0 && need > minChunk {
		room = need // most keys of such a job have one value
	}
	r, mem := t.arena.alloc(chunkHead + room)
	clear(mem[:chunkHead])
	copy(mem[chunkHead:], size[:n])
	copy(mem[chunkHead+n:], value)
	if l.count == 0 {
		l.head = r
	} else {
		t.closeChunk(l, r)
	}
	l.tail, l.cap, l.free = r, uint32(room), uint32(room-need)
	l.count++
	return nil
}

// closeChunk notes in the tail chunk how much of it is used and where the list goes on.
func (t *Table[V]) closeChunk(l *list, next ref) {
	head := t.arena.bytes(l.tail, chunkHead)
	binary.LittleEndian.PutUint64(head, uint64(next))
	binary.LittleEndian.PutUint32(head[8:], l.cap-l.free)
}

// WriteTo adds the table's pairs to a run, in key order, and empties the table.
func (t *Table[V]) WriteTo(w *RunWriter) error {
	var buf []byte
	for _, i := range sortedKeys(t.keys, &t.arena) {
		var err error
		if t.job.Combine != nil {
			if buf, err = t.job.Append(buf[:0], t.acc(int(i))); err == nil {
				err = w.addValue(t.key(int(i)), buf)
			}
		} else {
			err = t.writeList(w, t.key(int(i)), &t.lists[i])
		}
		if err != nil {
			return err
		}
	}
	t.Reset()
	return nil
}

func (t *Table[V]) writeList(w *RunWriter, key []byte, l *list) error {
	t.closeChunk(l, 0)
	if err := w.begin(key, int64(l.count)); err != nil {
		return err
	}
	for r := l.head; r != 0; {
		head := t.arena.bytes(r, chunkHead)
		next, used := ref(binary.LittleEndian.Uint64(head)), binary.LittleEndian.Uint32(head[8:])
		if err := w.values(t.arena.bytes(r, chunkHead+int(used))[chunkHead:]); err != nil {
			return err
		}
		r = next
	}
	return w.end()
}

// Reset empties the table. It keeps its memory for the next pairs.
func (t *Table[V]) Reset() {
	clear(t.slots)
	t.keys, t.lists, t.pairs = t.keys[:0], t.lists[:0], 0
	clear(t.accs)
	t.accs = t.accs[:0]
	t.arena.reset()
}
