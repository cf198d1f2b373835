package mapreducetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

const (
	mostGroups = 100 // keys whose values are tried
	mostValues = 6   // of a key, of which pairs and triples are tried
	mostTriple = 24  // of a key
	trees      = 4   // of all values of a key
)

// A tree says how values are combined: a leaf is the number of a value, a node combines right into left.
type tree struct {
	leaf        int
	left, right *tree
}

func leaf(n int) *tree { return &tree{leaf: n} }

func node(l, r *tree) *tree { return &tree{left: l, right: r} }

// String is the tree with values named a, b, c.
func (t *tree) String() string {
	if t.left == nil {
		return string(rune('a' + t.leaf))
	}
	return fmt.Sprintf("(%v + %v)", t.left, t.right)
}

// A law is two trees of a group's values that have to give the same.
type law struct {
	name        string
	group       int
	values      []int // those that the leaves stand for
	left, right *tree
	lent        bool // the right tree is of values whose memory is overwritten
}

// laws tries the laws of Combine on the values of each key.
func (c *check) laws(ctx context.Context, groups []group) error {
	var laws []law
	for i, g := range c.rng.Perm(len(groups)) {
		if i == mostGroups {
			break
		}
		laws = append(laws, c.lawsOf(g, len(groups[g].values))...)
	}
	var open []law // those whose results differ as values; it remains to be seen whether that shows
	var cand []candidate
	for _, l := range laws {
		g := groups[l.group]
		left, err1 := c.fold(l.left, g.values, l.values, false)
		right, err2 := c.fold(l.right, g.values, l.values, l.lent)
		if err1 != nil || err2 != nil {
			continue // a sum that overflows, say; a run tells
		}
		a, err1 := c.job.encode(left)
		b, err2 := c.job.encode(right)
		if err1 != nil || err2 != nil || string(a) == string(b) {
			continue
		}
		open = append(open, l)
		cand = append(cand, candidate{g.key, []any{left}}, candidate{g.key, []any{right}})
	}
	rows, err := c.rows(ctx, cand)
	if err != nil {
		return err
	}
	best := -1
	for i, l := range open {
		if rows[2*i] != rows[2*i+1] && (best < 0 || len(l.values) < len(open[best].values)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return c.lawError(open[best], groups[open[best].group], cand[2*best].values[0], cand[2*best+1].values[0], rows[2*best], rows[2*best+1])
}

// lawsOf are those to be tried on a group of n values. Values may come more than once, as a record that was sent twice does.
func (c *check) lawsOf(group, n int) []law {
	some := c.rng.Perm(n)
	if len(some) > mostValues {
		some = some[:mostValues]
	}
	var laws []law
	a, b, d := leaf(0), leaf(1), leaf(2)
	for i, x := range some {
		for _, y := range some[i+1:] {
			laws = append(laws, law{name: "commutative", group: group, values: []int{x, y}, left: node(a, b), right: node(b, a)})
		}
		for _, y := range some {
			laws = append(laws, law{name: "borrow", group: group, values: []int{x, y}, left: node(a, b), right: node(a, b), lent: true})
		}
	}
	pick := func() int { return some[c.rng.IntN(len(some))] }
	for range mostTriple {
		laws = append(laws, law{
			name: "associative", group: group, values: []int{pick(), pick(), pick()},
			left: node(node(a, b), d), right: node(a, node(b, d)),
		})
	}
	inOrder := c.tree(0, n, true)
	all := c.rng.Perm(n)
	identity := make([]int, n)
	for i := range identity {
		identity[i] = i
	}
	for range trees {
		laws = append(laws, law{name: "tree", group: group, values: identity, left: inOrder, right: relabel(c.tree(0, n, false), all)})
		c.rng.Shuffle(n, func(i, k int) { all[i], all[k] = all[k], all[i] })
	}
	return laws
}

// tree is one of the leaves from low to high: one after the other, or cut at random.
func (c *check) tree(low, high int, inOrder bool) *tree {
	if high-low == 1 {
		return leaf(low)
	}
	cut := high - 1
	if !inOrder {
		cut = low + 1 + c.rng.IntN(high-low-1)
	}
	return node(c.tree(low, cut, inOrder), c.tree(cut, high, inOrder))
}

// relabel returns the tree with the leaves names[0], names[1], ...
func relabel(t *tree, names []int) *tree {
	if t.left == nil {
		return leaf(names[t.leaf])
	}
	return node(relabel(t.left, names), relabel(t.right, names))
}

// fold combines values as the tree says. Each leaf is a value of its own; if they are lent, what was combined is overwritten.
func (c *check) fold(t *tree, coded [][]byte, names []int, lent bool) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if t.left == nil {
		return c.job.decode(coded[names[t.leaf]])
	}
	left, err := c.fold(t.left, coded, names, lent)
	if err != nil {
		return nil, err
	}
	if !lent || t.right.left != nil {
		right, err := c.fold(t.right, coded, names, lent)
		if err != nil {
			return nil, err
		}
		return c.job.combine(left, right), nil
	}
	memory := bytes.Clone(coded[names[t.right.leaf]])
	right, err := c.job.borrow(memory)
	if err != nil {
		return nil, err
	}
	v = c.job.combine(left, right)
	for i := range memory {
		memory[i] = 0xA5
	}
	return v, nil
}

// lawError tells of a law that does not hold.
func (c *check) lawError(l law, g group, left, right any, leftRows, rightRows string) error {
	var b strings.Builder
	switch l.name {
	case "commutative":
		b.WriteString("Combine is not commutative")
	case "associative":
		b.WriteString("Combine is not associative")
	case "borrow":
		b.WriteString("Combine keeps memory of v, which is valid during the call only")
	default:
		b.WriteString("Combine gives another result for the same values in another order and grouping")
	}
	fmt.Fprintf(&b, ": key %s\n", show(g.key))
	const most = 8
	for i, n := range l.values {
		if i == most {
			fmt.Fprintf(&b, "  and %d more values\n", len(l.values)-most)
			break
		}
		v, err := c.job.decode(g.values[n])
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "  %c = %s\n", 'a'+i, show(v))
	}
	name := func(t *tree) string {
		if len(l.values) > most {
			return "combined"
		}
		return strings.TrimSuffix(strings.TrimPrefix(t.String(), "("), ")")
	}
	second := name(l.right)
	if l.lent {
		second += ", with b overwritten afterwards,"
	}
	fmt.Fprintf(&b, "  %s = %s\n  %s = %s\n", name(l.left), show(left), second, show(right))
	if c.traits.reduce {
		fmt.Fprintf(&b, "of which Reduce makes different rows:\n%s", diff("- of the first, + of the second", leftRows, rightRows))
	}
	return faultf("%s", b.String())
}
