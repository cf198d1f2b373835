package keys

import (
	"hash/maphash"
	"unsafe"
	"weak"
)

// A Memo knows keys again by their bits, strings by address and length, which costs less than encoding a key and looking
// for it in a table: what Map emits for one record, it mostly emits for the next one too. A key that has come again as
// another string is a new one to it. A memo has a fixed size, in which keys take each other's place, and stops looking
// where few come again. It is not safe for concurrent use.
type Memo[K comparable, T any] struct {
	seed         maphash.Seed
	notes        []note[K, T] // by hash
	turn         uint32
	off          bool
	looks, known int
	cycle        weak.Pointer[cycle]
}

// A cycle is there until the garbage collector has run.
type cycle struct{ _ [2]uint64 }

// note is what a Memo has of a key.
type note[K comparable, T any] struct {
	key  K // holds on to its strings, so that no other has their address
	of   T
	turn uint32 // in which it was last found; 0 is an empty note
}

const (
	memoNotes = 1 << 12
	memoTrial = 1 << 12
	maxNoted  = 256 // bytes of a K; a larger one is dear to compare
)

// NewMemo returns a memo that knows no keys, and never will if K is large.
func NewMemo[K comparable, T any]() *Memo[K, T] {
	m := &Memo[K, T]{seed: maphash.MakeSeed()}
	if size := unsafe.Sizeof(*new(K)); size > 0 && size <= maxNoted {
		m.notes = make([]note[K, T], memoNotes)
	}
	return m
}

// Forget sets what is noted of all keys to zero.
func (m *Memo[K, T]) Forget() {
	var zero T
	for i := range m.notes {
		m.notes[i].of = zero
	}
	m.off, m.looks, m.known = false, 0, 0
}

// Turn begins a turn. Numbers from Find hold until the next one.
func (m *Memo[K, T]) Turn() {
	m.turn = max(m.turn+1, 1)
	if m.looks >= memoTrial {
		m.off = m.known < m.looks/2
		m.looks, m.known = 0, 0
		if m.off {
			clear(m.notes)
		}
	}
	// A short string may hold on to a long one that it is a part of. So as not to hold on to what is garbage otherwise, a memo
	// begins anew when memory has been collected, which is seldom.
	if m.turn%16 == 0 && m.cycle.Value() == nil {
		clear(m.notes)
		m.cycle = weak.Make(new(cycle))
	}
}

// Find returns the number of *k, or -1 if there is no room for it in this turn.
func (m *Memo[K, T]) Find(k *K) int32 {
	if m.off || len(m.notes) == 0 {
		return -1
	}
	b := bitsOf(k)
	i := maphash.Bytes(m.seed, b) % memoNotes
	n := &m.notes[i]
	m.looks++
	if string(bitsOf(&n.key)) == string(b) && n.turn != 0 {
		m.known++
	} else if n.turn == m.turn {
		return -1 // the place is taken
	} else {
		*n = note[K, T]{key: *k}
	}
	n.turn = m.turn
	return int32(i)
}

// Of returns what is noted of the key with the number i: zero, until it is set.
func (m *Memo[K, T]) Of(i int32) *T { return &m.notes[i].of }

// Key returns the key with the number i.
func (m *Memo[K, T]) Key(i int32) *K { return &m.notes[i].key }

func bitsOf[K any](k *K) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(k)), unsafe.Sizeof(*k)) }
