// Package values turns the values of a job into bytes and back.
//
// A Codec is compiled once for a value type; numbers, strings and bytes then
// cost a few nanoseconds each. A value is anything made of numbers, bools,
// strings, slices, arrays, maps, pointers and structs of exported fields, or
// a type with a binary form of its own: AppendBinary (encoding.BinaryAppender)
// and, on its pointer, UnmarshalBinary. Types that refer to themselves,
// channels, functions and interfaces need such a form.
//
// The encoded form, inside a larger value:
//
//	int kinds       zigzag varint; int8 one byte
//	uint kinds      varint; uint8 one byte
//	float32/64      4 or 8 bytes, little endian; complex: two floats
//	bool            0x00 or 0x01
//	string          varint length, bytes
//	slice           varint: 0 for nil, else 1 + length; elements
//	array           elements
//	struct          fields in order; fields named _ are left out
//	pointer         0x00 for nil, or 0x01 and what it points to
//	map             varint: 0 for nil, else 1 + length; keys and their values,
//	                sorted by the encoded keys, so equal maps give equal bytes
//	own form        varint length, bytes
//
// A value that is a string or an own form as a whole is its bytes without the
// length; a slice of bytes is 0x01 and its bytes, or nothing if it is nil.
package values

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"unsafe"
)

// A Codec encodes, decodes and clones values of type V. It does not change
// after For and is safe for concurrent use.
type Codec[V any] struct {
	append appendFunc
	decode decodeFunc
	clone  cloneFunc // nil: assignment is enough
	self   func(V) V // V's method Clone, or another function for V alone, or nil
	borrow bool      // *V is a Borrower
	plain  bool      // V holds no pointers

	selfless bool // V may share memory, and has no method Clone
}

// A Borrower is a type with a binary form of its own that may also refer to
// that form instead of copying it. After UnmarshalBinaryBorrow(b) the value is
// valid as long as b is unchanged; it may reuse memory that it owned before.
type Borrower interface {
	UnmarshalBinaryBorrow(b []byte) error
}

// For compiles the codec of V. Its error names the field that has no form and
// says why.
func For[V any]() (*Codec[V], error) {
	t := reflect.TypeFor[V]()
	n, err := compile(t, true)
	if err != nil {
		return nil, err
	}
	c := &Codec[V]{append: n.append, decode: n.decode, clone: n.clone, plain: !hasPointers(t)}
	c.self = cloner[V](t)
	c.selfless = (c.clone != nil || c.self != nil) && !hasClone[V](t)
	_, c.borrow = any((*V)(nil)).(Borrower)
	if isOwn(t) {
		c.append, c.decode = appendOwn[V], decodeOwn[V]
	}
	return c, nil
}

// Append appends the encoded *v to dst. The error is that of an AppendBinary
// method; dst is then as it was.
func (c *Codec[V]) Append(dst []byte, v *V) ([]byte, error) {
	return c.append(dst, unsafe.Pointer(v))
}

// Decode sets *v to the value whose encoded form is b, all of it. Nothing of
// the old *v is used again and the new one does not alias b, so it may be kept.
// After an error *v holds anything.
func (c *Codec[V]) Decode(b []byte, v *V) error {
	rest, err := c.decode(b, unsafe.Pointer(v))
	return atEnd(rest, err)
}

// BorrowDecode is Decode for a value that is soon done with: a Borrower may point
// into b, and is valid until b changes or *v is decoded again. Values of all other
// types may be kept, as after Decode.
func (c *Codec[V]) BorrowDecode(b []byte, v *V) error {
	if c.borrow {
		return any(v).(Borrower).UnmarshalBinaryBorrow(b)
	}
	return c.Decode(b, v)
}

// Shares reports whether values of V may share memory and cannot look after that
// themselves, having no method Clone.
func (c *Codec[V]) Shares() bool { return c.selfless }

// Owned returns a copy of v if V Shares, else v.
func (c *Codec[V]) Owned(v V) V {
	if c.selfless {
		return c.Clone(v)
	}
	return v
}

// Clone returns a copy of v that shares no memory with it, strings excepted:
// by V's own method Clone() V if it has one, else a deep copy.
func (c *Codec[V]) Clone(v V) V {
	switch {
	case c.self != nil:
		return c.self(v)
	case c.clone != nil:
		return c.deepCopy(v)
	}
	return v
}

// deepCopy is apart from Clone because its v moves to the heap.
func (c *Codec[V]) deepCopy(v V) V {
	var copied V
	c.clone(unsafe.Pointer(&copied), unsafe.Pointer(&v))
	return copied
}

// hasClone reports whether V or *V has a method Clone() V.
func hasClone[V any](t reflect.Type) bool {
	if m, ok := t.MethodByName("Clone"); ok {
		if _, ok := m.Func.Interface().(func(V) V); ok {
			return true
		}
	}
	_, ok := any((*V)(nil)).(interface{ Clone() V })
	return ok
}

// cloner returns a function that clones values of the one type V, without
// reflection, or nil if there is none.
func cloner[V any](t reflect.Type) func(V) V {
	if m, ok := t.MethodByName("Clone"); ok {
		if f, ok := m.Func.Interface().(func(V) V); ok {
			return f
		}
	}
	if _, ok := any((*V)(nil)).(interface{ Clone() V }); ok {
		return func(v V) V { return any(&v).(interface{ Clone() V }).Clone() }
	}
	for _, f := range []any{bytes.Clone, slices.Clone[[]float64], slices.Clone[[]int], slices.Clone[[]int64], slices.Clone[[]uint64]} {
		if f, ok := f.(func(V) V); ok {
			return f
		}
	}
	return nil
}

// PointerFree reports whether a V holds no pointers, so that unsafe.Sizeof is
// all the memory it takes.
func (c *Codec[V]) PointerFree() bool { return c.plain }

// Errors of bytes that no Append has written.
var (
	errShort = errors.New("encoded value ends early")
	errLong  = errors.New("encoded value has bytes after its end")
	errRange = errors.New("encoded value has a number out of range")
	errFlag  = errors.New("encoded value has a flag that is neither 0 nor 1")
	errMap   = errors.New("encoded value has a map with keys out of order")
)

func atEnd(rest []byte, err error) error {
	if err == nil && len(rest) > 0 {
		return errLong
	}
	return err
}

// The three forms of a compiled type. The pointers are to a value of that type,
// whose offsets and sizes come from reflect; this is the one idea behind all
// uses of unsafe in the package.
type (
	// appendFunc appends the value at p.
	appendFunc func(dst []byte, p unsafe.Pointer) ([]byte, error)
	// decodeFunc sets the value at p from the beginning of b and returns the rest.
	decodeFunc func(b []byte, p unsafe.Pointer) (rest []byte, err error)
	// cloneFunc sets the value at dst, which is zero, to a deep copy of that at src.
	cloneFunc func(dst, src unsafe.Pointer)
)

// A node is a compiled type.
type node struct {
	append appendFunc
	decode decodeFunc
	clone  cloneFunc // nil: assignment is enough
	min    int       // the fewest bytes it encodes to
}
