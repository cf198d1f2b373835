package shuffle

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// sortItem is a key with eight of its bytes, so that most comparisons touch no key.
type sortItem struct {
	window uint64
	entry  ref
}

// sorted returns the table's entries in the order of their keys.
//
// It sorts by a window of eight bytes, then each stretch of equal windows by the next eight: composite keys share long
// prefixes, and comparing whole keys would read them again and again.
func (t *Table[V]) sorted() []sortItem {
	items := make([]sortItem, len(t.entries))
	for i, r := range t.entries {
		items[i].entry = r
	}
	t.sort(items, 0)
	return items
}

// sort sorts items whose keys share the first depth bytes.
func (t *Table[V]) sort(items []sortItem, depth int) {
	for len(items) >= 12 {
		same := true
		for i := range items {
			items[i].window = window(t.itemKey(items[i])[depth:])
			same = same && items[i].window == items[0].window
		}
		if same {
			depth = t.agree(items, depth+8)
			continue
		}
		slices.SortFunc(items, func(x, y sortItem) int { return cmp.Compare(x.window, y.window) })
		for start := 0; start < len(items); {
			end := start + 1
			for end < len(items) && items[end].window == items[start].window {
				end++
			}
			// Keys that are equal here go on: none is a prefix of another, so all of them have the eight bytes.
			t.sort(items[start:end], depth+8)
			start = end
		}
		return
	}
	if len(items) > 1 {
		slices.SortFunc(items, func(x, y sortItem) int { return bytes.Compare(t.itemKey(x)[depth:], t.itemKey(y)[depth:]) })
	}
}

// agree returns how many bytes the keys share, which is at least depth.
func (t *Table[V]) agree(items []sortItem, depth int) int {
	first := t.itemKey(items[0])
	for _, item := range items[1:] {
		first = first[:depth+commonPrefix(first[depth:], t.itemKey(item)[depth:])]
	}
	return len(first)
}

func (t *Table[V]) itemKey(item sortItem) []byte { return t.key(t.entry(item.entry)) }

// window returns the first eight bytes of key as a number that orders as they do; a shorter key is filled up with zeros.
func window(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}
