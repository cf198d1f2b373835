package job

import (
	"cmp"
	"slices"
	"sync"

	"github.com/telemetry-mr/mr/storage/exact"
)

// A total is what binary forms are added to.
type total struct {
	built, leaf string
	pings       int64
	parts       []part
	byName      map[string]int // the first part of a name
	room        []int64        // for the ints of parts
	used        int            // of room
}

// A part is the sum of arrays with a name, a length and the same values missing.
type part struct {
	name    string
	missing uint8
	next    int // part of the same name, 0 for none; sorted by length and what is missing
	pings   int64
	added   int // to ints, since they were last empty
	ints    []int64
	floats  []float
}

// A float is what an element has beside its int.
type float struct {
	i   int
	sum exact.Sum
}

// maxAdded times maxInt is less than 2^63.
const maxAdded = 1 << 20

// totals are empty ones, with room.
var totals = sync.Pool{New: func() any { return &total{byName: map[string]int{}} }}

func newTotal() *total { return totals.Get().(*total) }

// release empties t for others, unless it is of a size that few have.
func (t *total) release() {
	const maxParts, maxRoom = 4096, 1 << 18
	if len(t.parts) > maxParts || len(t.room) > maxRoom {
		return
	}
	clear(t.byName)
	clear(t.parts)
	clear(t.room[:t.used])
	t.pings, t.parts, t.used = 0, t.parts[:0], 0
	totals.Put(t)
}

// ints returns room for n ints, which are 0.
func (t *total) ints(n int) []int64 {
	if len(t.room)-t.used < n {
		t.room, t.used = make([]int64, max(2*len(t.room), n, 4096)), 0
	}
	t.used += n
	return t.room[t.used-n : t.used : t.used]
}

// add adds sums of the same place in their binary form.
func (t *total) add(b []byte) {
	p, b, ok := cutPlace(b)
	if len(t.parts) == 0 {
		t.built, t.leaf = string(p.built), string(p.leaf)
		t.parts = append(t.parts, part{}) // a part is never number 0
	}
	t.pings += p.pings
	for ok && len(b) > 0 {
		var e entry
		if e, b, ok = cutEntry(b); ok {
			t.part(e).add(e)
		}
	}
}

// part returns the part for an entry, which it makes if there is none.
func (t *total) part(e entry) *part {
	i, last := t.byName[string(e.name)], 0
	for i != 0 {
		p := &t.parts[i]
		c := cmp.Or(cmp.Compare(len(p.ints), e.len), cmp.Compare(p.missing, e.missing))
		if c == 0 {
			return p
		}
		if c > 0 {
			break
		}
		last, i = i, p.next
	}
	t.parts = append(t.parts, part{missing: e.missing, next: i, ints: t.ints(e.len)})
	added := len(t.parts) - 1
	p := &t.parts[added]
	if last != 0 {
		p.name = t.parts[last].name
		t.parts[last].next = added
	} else {
		p.name = string(e.name)
		if i != 0 {
			p.name = t.parts[i].name
		}
		t.byName[p.name] = added
	}
	return p
}

func (p *part) add(e entry) {
	p.pings += e.pings
	if p.added++; p.added == maxAdded {
		for i := range p.ints {
			p.settle(i)
		}
		p.added = 0
	}
	for b := e.ints; len(b) > 0; {
		var i int
		var n int64
		i, n, b = cutInt(b)
		p.ints[i] += n
	}
	for b := e.floats; len(b) > 0; {
		var i int
		var x float64
		var sum []byte
		if i, x, sum, b = cutFloat(b); sum == nil {
			p.float(i).Add(x)
			continue
		}
		var s exact.Sum
		_ = s.UnmarshalBinary(sum) // it was made of one
		p.float(i).AddSum(s)
	}
}

// settle moves an int to its float, so that there is room for more.
func (p *part) settle(i int) {
	if n := p.ints[i]; n != 0 {
		p.float(i).AddInt(n)
		p.ints[i] = 0
	}
}

func (p *part) float(i int) *exact.Sum {
	for k := range p.floats {
		if p.floats[k].i == i {
			return &p.floats[k].sum
		}
	}
	p.floats = append(p.floats, float{i: i})
	return &p.floats[len(p.floats)-1].sum
}

func (t *total) appendBinary(dst []byte) []byte {
	dst = appendPlace(dst, t.built, t.leaf, t.pings)
	for first := range t.parts {
		if t.byName[t.parts[first].name] != first {
			continue // number 0, or behind the first of its name
		}
		for i := first; i != 0; i = t.parts[i].next {
			dst = t.parts[i].appendBinary(dst)
		}
	}
	return dst
}

func (p *part) appendBinary(dst []byte) []byte {
	start := len(dst)
	dst = beginEntry(dst, p.name)
	ints := len(dst)
	for _, f := range p.floats {
		p.settle(f.i)
	}
	for i, n := range p.ints {
		if n >= maxInt {
			p.settle(i)
		} else if n > 0 {
			dst = appendInt(dst, i, uint64(n))
		}
	}
	floats := len(dst)
	slices.SortFunc(p.floats, func(a, b float) int { return a.i - b.i })
	for _, f := range p.floats {
		dst = appendSum(dst, f.i, f.sum)
	}
	endEntry(dst[start:], p.missing, len(p.ints), (floats-ints)/8, len(dst)-floats, p.pings)
	return dst
}
