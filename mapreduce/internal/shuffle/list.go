package shuffle

import (
	"encoding/binary"
	"unsafe"
)

// A list is a chain of chunks in the arena that hold the encoded values of one key, each behind its length.
type list struct {
	head, tail ref
}

// A chunk is this head and room for values behind it.
type chunk struct {
	next       ref
	used, room uint32 // bytes
}

const (
	chunkHead = unsafe.Sizeof(chunk{})
	minChunk  = 20
	maxChunk  = 4<<10 - uint32(chunkHead)
)

// listOf returns the list behind the head of an entry.
func listOf(e *entry) *list { return (*list)(unsafe.Add(unsafe.Pointer(e), unsafe.Sizeof(entry{}))) }

// push appends a value to the entry's list.
func (t *Table[V]) push(e *entry, v *V) error {
	if err := t.encode(e, v); err != nil {
		return err
	}
	value := t.scratch
	need := uint32(uvarintLen(uint64(len(value))) + len(value))
	l := listOf(e)
	c := (*chunk)(nil)
	if l.tail != 0 {
		c = (*chunk)(t.arena.at(l.tail))
	}
	if c == nil || c.room-c.used < need {
		c = t.extend(l, c, need)
	}
	to := bytesAt(unsafe.Pointer(c), chunkHead+uintptr(c.used), need)
	copy(to[binary.PutUvarint(to, uint64(len(value))):], value)
	c.used += need
	e.n++
	return nil
}

// extend adds a chunk with room for need bytes, or more where more is to be expected, to the list that ends with tail.
func (t *Table[V]) extend(l *list, tail *chunk, need uint32) *chunk {
	room := need
	switch {
	case tail == nil:
		room = max(need, minChunk) // most keys of most such jobs have few values
	case need <= maxChunk/4:
		room = max(need, min(2*tail.room, maxChunk))
	}
	room += -(uint32(chunkHead) + room) & 7 // the arena would round up
	r := t.arena.alloc(int(chunkHead) + int(room))
	c := (*chunk)(t.arena.at(r))
	*c = chunk{room: room}
	if tail == nil {
		l.head = r
	} else {
		tail.next = r
	}
	l.tail = r
	return c
}

// writeList writes the entry's values. Many are split in entries of the run that are no larger than a block.
func (t *Table[V]) writeList(w *RunWriter, e *entry) error {
	key := t.key(e)
	buf, left := t.scratch[:0], int64(e.n)
	for r := listOf(e).head; r != 0; {
		c := (*chunk)(t.arena.at(r))
		values := bytesAt(unsafe.Pointer(c), chunkHead, c.used)
		r = c.next
		if len(buf) > 0 && len(buf)+len(values) > maxNear {
			n := countValues(buf)
			if err := w.Add(key, n, buf); err != nil {
				return err
			}
			buf, left = buf[:0], left-n
		}
		switch {
		case r == 0 && len(buf) == 0:
			return w.Add(key, left, values)
		case len(buf) == 0 && len(values) > maxNear:
			n := countValues(values)
			if err := w.Add(key, n, values); err != nil {
				return err
			}
			left -= n
		default:
			buf = append(buf, values...)
			t.scratch = buf
		}
	}
	return w.Add(key, left, buf)
}

// countValues counts encoded values, each behind its length.
func countValues(values []byte) (n int64) {
	for ; len(values) > 0; n++ {
		size, w := binary.Uvarint(values)
		values = values[w+int(size):]
	}
	return n
}
