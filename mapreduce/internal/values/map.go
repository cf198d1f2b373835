package values

import (
	"bytes"
	"reflect"
	"slices"
	"unsafe"
)

// mapping compiles a map. Its entries are written sorted by their encoded form.
func (c *compiler) mapping(t reflect.Type) (node, error) {
	key, err := c.compile(t.Key())
	if err != nil {
		return node{}, err
	}
	value, err := c.compile(t.Elem())
	if err != nil {
		return node{}, err
	}
	return node{
		min: 1,
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			return appendMap(dst, reflect.NewAt(t, p).Elem(), key, value)
		},
		decode: func(b []byte, p unsafe.Pointer) ([]byte, error) {
			return decodeMap(b, reflect.NewAt(t, p).Elem(), key, value)
		},
		clone: func(dst, src unsafe.Pointer) {
			from := reflect.NewAt(t, src).Elem()
			if from.IsNil() {
				return
			}
			to := reflect.MakeMapWithSize(t, from.Len())
			for it := from.MapRange(); it.Next(); {
				k, v := reflect.New(t.Key()), reflect.New(t.Elem())
				k.Elem().SetIterKey(it)
				v.Elem().SetIterValue(it)
				to.SetMapIndex(cloned(key, k), cloned(value, v))
			}
			reflect.NewAt(t, dst).Elem().Set(to)
		},
	}, nil
}

// cloned returns a copy of what v points to.
func cloned(n node, v reflect.Value) reflect.Value {
	if n.clone == nil {
		return v.Elem()
	}
	copied := reflect.New(v.Type().Elem())
	n.clone(copied.UnsafePointer(), v.UnsafePointer())
	return copied.Elem()
}

func appendMap(dst []byte, m reflect.Value, key, value node) ([]byte, error) {
	if m.IsNil() {
		return append(dst, 0), nil
	}
	// Entries are encoded behind one another, then put in order. An encoded key
	// is no prefix of another, so comparing entries compares keys first.
	type entry struct{ start, end int }
	start := len(dst)
	var (
		entries = make([]entry, 0, m.Len())
		text    []byte
		err     error
	)
	k, v := reflect.New(m.Type().Key()), reflect.New(m.Type().Elem())
	for it := m.MapRange(); it.Next(); {
		from := len(text)
		k.Elem().SetIterKey(it)
		v.Elem().SetIterValue(it)
		if text, err = key.append(text, k.UnsafePointer()); err != nil {
			return dst, err
		}
		if text, err = value.append(text, v.UnsafePointer()); err != nil {
			return dst[:start], err
		}
		entries = append(entries, entry{from, len(text)})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return bytes.Compare(text[a.start:a.end], text[b.start:b.end])
	})
	dst = appendUvarint(dst, uint64(len(entries))+1)
	for _, e := range entries {
		dst = append(dst, text[e.start:e.end]...)
	}
	return dst, nil
}

func decodeMap(b []byte, m reflect.Value, key, value node) ([]byte, error) {
	n, b, err := count(b, key.min+value.min)
	if err != nil {
		return nil, err
	}
	if n < 0 {
		m.SetZero()
		return b, nil
	}
	if key.min+value.min == 0 {
		n = min(n, 2) // at most one key has no bytes: the second is an error below
	}
	made := reflect.MakeMapWithSize(m.Type(), n)
	var last []byte
	for i := range n {
		k, v := reflect.New(m.Type().Key()), reflect.New(m.Type().Elem())
		start := b
		// Keys and values in a map are always copies: it outlives the call.
		if b, err = key.decode(b, k.UnsafePointer()); err != nil {
			return nil, err
		}
		text := start[:len(start)-len(b)]
		if i > 0 && bytes.Compare(last, text) > 0 {
			return nil, errMap
		}
		last = text
		if b, err = value.decode(b, v.UnsafePointer()); err != nil {
			return nil, err
		}
		made.SetMapIndex(k.Elem(), v.Elem())
	}
	if made.Len() != n {
		return nil, errMap // a key twice; NaNs are all different
	}
	m.Set(made)
	return b, nil
}
