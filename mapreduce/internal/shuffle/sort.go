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
	key    uint32
}

// sortedKeys returns the indices of keys in the order of their bytes.
//
// It sorts by a window of eight bytes, then each stretch of equal windows by the next eight: composite keys share long
// prefixes, and comparing whole keys would read them again and again.
func sortedKeys(keys []tableKey, a *arena) []uint32 {
	items := make([]sortItem, len(keys))
	for i := range items {
		items[i].key = uint32(i)
	}
	sortFrom(items, 0, keys, a)
	order := make([]uint32, len(items))
	for i := range items {
		order[i] = items[i].key
	}
	return order
}

func sortFrom(items []sortItem, depth int, keys []tableKey, a *arena) {
	if len(items) < 12 {
		slices.SortFunc(items, func(x, y sortItem) int {
			kx, ky := &keys[x.key], &keys[y.key]
			return bytes.Compare(a.bytes(kx.ref, int(kx.len))[depth:], a.bytes(ky.ref, int(ky.len))[depth:])
		})
		return
	}
	for i := range items {
		k := &keys[items[i].key]
		items[i].window = window(a.bytes(k.ref, int(k.len))[depth:])
	}
	slices.SortFunc(items, func(x, y sortItem) int { return cmp.Compare(x.window, y.window) })
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && items[end].window == items[start].window {
			end++
		}
		// Keys that are equal here go on: none is a prefix of another, so all of them have the eight bytes.
		if end-start > 1 {
			sortFrom(items[start:end], depth+8, keys, a)
		}
		start = end
	}
}

// window returns the first eight bytes of key as a number that orders as they do; a shorter key is filled up with zeros.
func window(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}
