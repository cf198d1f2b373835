// Package keys turns the keys of a job into bytes that sort as the keys do.
//
// A Codec is compiled once for a key type; after that no pair costs any
// reflection. A key is a string, a number, a bool, an array of bytes, or a
// struct of these, nested as deep as one likes. The fields of a struct follow
// one another in the order of their declaration, each in this form:
//
//	string          its bytes, 0x00 as 0x01 0x01 and 0x01 as 0x01 0x02, then 0x00
//	bool            0x00 or 0x01
//	uint8 … uint64  1, 2, 4 or 8 bytes, big endian; uint as uint64
//	int8 … int64    the same with the sign bit flipped; int as int64
//	float32/64      4 or 8 bytes, big endian: the sign bit flipped if it is
//	                clear, all bits flipped if it is set; -0 is +0, and every
//	                NaN is ff ff …, after +Inf
//	[N]byte         its bytes
//
// So bytes.Compare of two encoded keys is the order of the keys, field by
// field, strings by their bytes. Each field says where it ends, hence no encoded
// key, and no encoded group, is a prefix of another of its type.
//
// Trailing fields tagged `mr:"order"` sort but do not group: the bytes before
// them are the group. Fields named _ are no part of a key.
package keys

import (
	"reflect"
	"unsafe"
)

// A Codec encodes and decodes the keys of type K. It does not change after For
// and is safe for concurrent use.
type Codec[K comparable] struct {
	ops     []op
	columns []column
	group   int // ops before the first order field
}

// For compiles the codec of K. Its error names the field that cannot be part of
// a key and says why.
func For[K comparable]() (*Codec[K], error) {
	columns, err := compile(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	c := &Codec[K]{columns: columns, group: len(columns)}
	for i, col := range columns {
		c.ops = append(c.ops, col.op)
		if col.order && i < c.group {
			c.group = i
		}
	}
	return c, nil
}

// Append appends the encoded *k to dst. It allocates nothing when dst has room
// and keeps no reference to *k.
func (c *Codec[K]) Append(dst []byte, k *K) []byte {
	return appendOps(dst, c.ops, unsafe.Pointer(k))
}

// Decode returns the key whose encoded form is b, all of it. The key does not
// alias b; the strings of one key may share memory. What Decode takes,
// Append gives back byte for byte.
func (c *Codec[K]) Decode(b []byte) (K, error) {
	var k K
	if err := decodeOps(b, c.ops, unsafe.Pointer(&k)); err != nil {
		var zero K
		return zero, err
	}
	return k, nil
}

// GroupLen returns the length of the group at the beginning of the encoded key
// b: all of it but the order fields.
func (c *Codec[K]) GroupLen(b []byte) (int, error) {
	if c.group == len(c.ops) {
		return len(b), nil
	}
	return skipOps(b, c.ops[:c.group])
}

// Ordered reports whether K has order fields, so that a group may hold several
// keys.
func (c *Codec[K]) Ordered() bool { return c.group < len(c.ops) }

// Names returns the names of the cells of a key, in order, order fields last.
// A key that is no struct has one, "key". The field B of a struct in field A is
// "A.B", of an embedded struct "B".
func (c *Codec[K]) Names() []string {
	names := make([]string, len(c.columns))
	for i, col := range c.columns {
		names[i] = col.name
	}
	return names
}

// Cells appends the cells of *k to dst, one for each of Names. A cell has the
// predeclared type of its kind (string, int, float64, …), whatever its declared
// one; but an array of bytes, and a type that marshals itself as text, keeps its
// own type, and for a string it is a pointer into *k, which costs no allocation.
func (c *Codec[K]) Cells(k *K, dst []any) []any {
	for i := range c.columns {
		dst = append(dst, c.columns[i].cell(unsafe.Pointer(k)))
	}
	return dst
}
