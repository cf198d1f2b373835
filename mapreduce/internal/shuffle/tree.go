package shuffle

import "math/bits"

// A tree finds the first entry of many cursors. It is a tree of losers with offset-value codes: each node knows how far
// its key agrees with the key that beat it, and what follows there. Two keys that lost to the same key are nearly always
// told apart by that, however long a prefix all of them share, and without a look at either.
type tree struct {
	cursors []*cursor // in the order of their runs
	nodes   []node    // nodes[0] is the first; nodes[i] lost the match at i, whose children are 2i and 2i+1
}

// A node is the entry of a cursor, seen from its base: the key that beat it. When the first cursor moves on, the key it
// had is the base of its new entry and of all nodes on the way to the root, which have lost to it.
type node struct {
	off    int    // bytes of the key that the base has too; -1 at the cursor's end
	window uint64 // the eight bytes there
	run    int32  // index of the cursor
}

func (t *tree) first() *cursor { return t.cursors[t.nodes[0].run] }

// build plays all matches once. The base is the empty key.
func (t *tree) build() {
	n := len(t.cursors)
	winners := make([]node, 2*n)
	for i, c := range t.cursors {
		winners[n+i] = node{window: window(c.key), run: int32(i)}
	}
	t.nodes = make([]node, n)
	for i := n - 1; i > 0; i-- {
		winner, loser := winners[2*i], winners[2*i+1]
		t.play(&winner, &loser)
		winners[i], t.nodes[i] = winner, loser
	}
	if n > 0 {
		t.nodes[0] = winners[1]
	}
}

// replay plays the matches of the first cursor again after it has moved on.
func (t *tree) replay() {
	top := node{off: -1, run: t.nodes[0].run}
	if c := t.cursors[top.run]; c.shared >= 0 {
		top.off, top.window = c.shared, window(c.key[c.shared:])
	}
	for i := (int(top.run) + len(t.cursors)) / 2; i > 0; i /= 2 {
		if n := &t.nodes[i]; top.off <= n.off { // else top wins, and nothing changes
			t.play(&top, n)
		}
	}
	t.nodes[0] = top
}

// play sees to it that *a comes before *b, which have the same base, and gives *b the base *a.
func (t *tree) play(a, b *node) {
	switch {
	case a.off != b.off: // what agrees with the base for longer is nearer to it
		if a.off < b.off {
			*a, *b = *b, *a
		}
		// b leaves the base, and a with it, where it did before.
	case a.window != b.window:
		if a.window > b.window {
			*a, *b = *b, *a
		}
		if n := bits.LeadingZeros64(a.window^b.window) / 8; n > 0 {
			t.rebase(b, b.off+n)
		}
	case a.off < 0: // both at the end
	default:
		x, y := t.cursors[a.run].key[a.off:], t.cursors[b.run].key[b.off:]
		n := commonPrefix(x, y)
		if n == len(y) && (n < len(x) || b.run < a.run) || n < len(x) && n < len(y) && y[n] < x[n] {
			*a, *b = *b, *a
		}
		t.rebase(b, b.off+n)
	}
}

func (t *tree) rebase(b *node, off int) {
	b.off, b.window = off, window(t.cursors[b.run].key[off:])
}
