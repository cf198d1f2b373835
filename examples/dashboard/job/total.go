package job

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/telemetry-mr/mr/storage/exact"
)

// A total is what binary forms are added to.
type total struct {
	place
	parts  []part
	last   int      // index of the part that an entry was added to last
	table  []uint32 // of 1 + the index of a part, by the hash of its name; a power of two, at most half full
	ints   room[int32]
	floats room[float]
}

// A part is the sum of arrays with a name, a length and the same values missing.
type part struct {
	name    string
	missing uint8
	after   int32 // index of the part that came next the last time
	pings   int64
	added   int // to ints, since they were last small
	ints    []int32
	floats  []float // by index
}

// A float is what an element has beside its int.
type float struct {
	i   int
	sum exact.Sum
}

// room is memory for slices, which are used up together.
type room[T any] struct {
	all  []T
	used int
}

// take returns n zero values.
func (r *room[T]) take(n int) []T {
	if len(r.all)-r.used < n {
		r.all, r.used = make([]T, max(2*len(r.all), n, 4096)), 0
	}
	r.used += n
	return r.all[r.used-n : r.used : r.used]
}

func (r *room[T]) clear() {
	clear(r.all[:r.used])
	r.used = 0
}

// Twice maxAdded times maxSmall is 2^31.
const maxAdded = 1 << 13

// totals are empty ones, with room.
var totals = sync.Pool{New: func() any { return &total{table: make([]uint32, 1024)} }}

func newTotal() *total { return totals.Get().(*total) }

// release empties t for others, unless it is of a size that few have.
func (t *total) release() {
	const maxParts, maxRoom = 4096, 1 << 18
	if len(t.parts) > maxParts || len(t.ints.all) > maxRoom {
		return
	}
	clear(t.table)
	clear(t.parts)
	t.ints.clear()
	t.floats.clear()
	t.place, t.parts, t.last = place{}, t.parts[:0], 0
	totals.Put(t)
}

// add adds sums of the same place in their binary form.
func (t *total) add(b []byte) {
	p, b, ok := cutPlace(b)
	p.pings += t.pings
	p.newest = max(p.newest, t.newest)
	t.place = p
	for ok && len(b) > 0 {
		var e entry
		if e, b, ok = cutEntry(b); ok {
			t.addTo(t.part(&e), &e)
		}
	}
}

var seed = maphash.MakeSeed()

func (p *part) is(e *entry) bool {
	return p.name == string(e.name) && len(p.ints) == e.len && p.missing == e.missing
}

// part returns the part for an entry, which it makes if there is none. Entries mostly come in the order of the ping before.
func (t *total) part(e *entry) *part {
	if t.last < len(t.parts) {
		if i := int(t.parts[t.last].after); t.parts[i].is(e) {
			t.last = i
			return &t.parts[i]
		}
	}
	i := t.find(e)
	t.parts[t.last].after, t.last = int32(i), i
	return &t.parts[i]
}

// find returns the index of the part for an entry, which it makes if there is none.
func (t *total) find(e *entry) int {
	mask := uint64(len(t.table) - 1)
	at := maphash.Bytes(seed, e.name) & mask
	for t.table[at] > 0 {
		if i := int(t.table[at] - 1); t.parts[i].is(e) {
			return i
		}
		at = (at + 1) & mask
	}
	t.parts = append(t.parts, part{name: sharedName(e.name), missing: e.missing, ints: t.ints.take(e.len)})
	t.table[at] = uint32(len(t.parts))
	if 2*len(t.parts) > len(t.table) {
		t.grow()
	}
	return len(t.parts) - 1
}

// names are those of parts. All totals have the same, which are then at hand when an entry is compared.
var names memo[string, string]

func sharedName(name []byte) string {
	shared, ok := names.get(string(name))
	if !ok {
		shared = string(name)
		names.put(shared, shared)
	}
	return shared
}

// grow makes the table twice as large.
func (t *total) grow() {
	t.table = make([]uint32, 2*len(t.table))
	mask := uint64(len(t.table) - 1)
	for i := range t.parts {
		at := maphash.String(seed, t.parts[i].name) & mask
		for t.table[at] > 0 {
			at = (at + 1) & mask
		}
		t.table[at] = uint32(i + 1)
	}
}

// addTo adds an entry to its part.
func (t *total) addTo(p *part, e *entry) {
	p.pings += e.pings
	if p.added++; p.added == maxAdded {
		t.shrink(p)
	}
	for b := e.numbers; len(b) >= 4; {
		if w := binary.LittleEndian.Uint32(b); w < wide {
			p.ints[w>>indexShift] += int32(w & (maxSmall - 1))
			b = b[4:]
			continue
		}
		var v number
		switch v, b = cutNumber(b); v.kind {
		case kindInt:
			t.float(p, v.i).AddInt(v.n)
		case kindFloat:
			t.float(p, v.i).Add(v.x)
		case kindSum:
			var sum exact.Sum
			_ = sum.UnmarshalBinary(v.sum) // it was made of one
			t.float(p, v.i).AddSum(sum)
		}
	}
}

// shrink moves what is large to floats.
func (t *total) shrink(p *part) {
	for i, n := range p.ints {
		if n >= maxAdded*maxSmall {
			t.float(p, i).AddInt(int64(n))
			p.ints[i] = 0
		}
	}
	p.added = 0
}

// float returns the float of an element, which is mostly one of the last.
func (t *total) float(p *part, i int) *exact.Sum {
	k := len(p.floats)
	for k > 0 && p.floats[k-1].i > i {
		k--
	}
	if k == 0 || p.floats[k-1].i != i {
		if len(p.floats) == cap(p.floats) {
			more := t.floats.take(2*len(p.floats) + 3)
			p.floats = more[:copy(more, p.floats)]
		}
		p.floats = slices.Insert(p.floats, k, float{i: i})
		k++
	}
	return &p.floats[k-1].sum
}

// forms are buffers for binary forms.
var forms = sync.Pool{New: func() any { return new([]byte) }}

// binary returns the binary form. What was added to t is then lost.
func (t *total) binary() []byte {
	buf := forms.Get().(*[]byte)
	defer forms.Put(buf)
	*buf = t.place.appendTo((*buf)[:0])
	for i := range t.parts {
		*buf = t.parts[i].appendBinary(*buf)
	}
	return bytes.Clone(*buf)
}

func (p *part) appendBinary(dst []byte) []byte {
	start := len(dst)
	dst = beginEntry(dst, p.name)
	floats := p.floats
	for i, n := range p.ints {
		switch {
		case len(floats) > 0 && floats[0].i == i:
			sum := &floats[0].sum
			sum.AddInt(int64(n))
			if n, ok := sum.Int64(); ok && uint64(n) < maxInt {
				dst = appendInt(dst, i, uint64(n))
			} else {
				dst = appendSum(dst, i, *sum)
			}
			floats = floats[1:]
		case n > 0:
			dst = appendInt(dst, i, uint64(n))
		}
	}
	endEntry(dst[start:], p.missing, len(p.ints), p.pings)
	return dst
}
