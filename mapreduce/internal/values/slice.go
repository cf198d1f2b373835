package values

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"unsafe"
)

// sliceHeader is the layout of a slice in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

// slice compiles a slice of anything but bytes.
func (c *compiler) slice(t reflect.Type) (node, error) {
	if n, ok := numberSlice(t); ok {
		return n, nil
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return node{}, err
	}
	size := t.Elem().Size()
	if elem.min == 0 && size > 0 {
		return node{}, c.errorf("elements of %v have nothing to encode", t)
	}
	return node{
		min: 1,
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			h := (*sliceHeader)(p)
			if h.data == nil {
				return append(dst, 0), nil
			}
			start := len(dst)
			dst = appendUvarint(dst, uint64(h.len)+1)
			if size == 0 {
				return dst, nil
			}
			var err error
			for i := range h.len {
				if dst, err = elem.append(dst, unsafe.Add(h.data, uintptr(i)*size)); err != nil {
					return dst[:start], err
				}
			}
			return dst, nil
		},
		decode: func(b []byte, p unsafe.Pointer) ([]byte, error) {
			n, b, err := count(b, elem.min)
			if err != nil {
				return nil, err
			}
			h := (*sliceHeader)(p)
			switch {
			case n < 0:
				reflect.NewAt(t, p).Elem().SetZero()
				return b, nil
			default:
				reflect.NewAt(t, p).Elem().Set(reflect.MakeSlice(t, n, n))
			}
			if size == 0 {
				return b, nil
			}
			for i := range n {
				if b, err = elem.decode(b, unsafe.Add(h.data, uintptr(i)*size)); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
		clone: func(dst, src unsafe.Pointer) {
			from := reflect.NewAt(t, src).Elem()
			if from.IsNil() {
				return
			}
			to := reflect.MakeSlice(t, from.Len(), from.Len())
			reflect.NewAt(t, dst).Elem().Set(to)
			if elem.clone == nil {
				reflect.Copy(to, from)
				return
			}
			for i := range from.Len() {
				off := uintptr(i) * size
				elem.clone(unsafe.Add(to.UnsafePointer(), off), unsafe.Add(from.UnsafePointer(), off))
			}
		},
	}, nil
}

// array compiles an array.
func (c *compiler) array(t reflect.Type) (node, error) {
	elem, err := c.compile(t.Elem())
	if err != nil {
		return node{}, err
	}
	size, length := t.Elem().Size(), t.Len()
	n := node{
		min: elem.min * length,
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			start := len(dst)
			var err error
			for i := range length {
				if dst, err = elem.append(dst, unsafe.Add(p, uintptr(i)*size)); err != nil {
					return dst[:start], err
				}
			}
			return dst, nil
		},
		decode: func(b []byte, p unsafe.Pointer) ([]byte, error) {
			var err error
			for i := range length {
				if b, err = elem.decode(b, unsafe.Add(p, uintptr(i)*size)); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
	}
	if elem.clone != nil {
		n.clone = func(dst, src unsafe.Pointer) {
			for i := range length {
				off := uintptr(i) * size
				elem.clone(unsafe.Add(dst, off), unsafe.Add(src, off))
			}
		}
	}
	return n, nil
}

// numberSlice returns the codec of a slice of the commonest numbers, which makes
// no call for an element.
func numberSlice(t reflect.Type) (node, bool) {
	if isOwn(t.Elem()) {
		return node{}, false
	}
	switch t.Elem().Kind() {
	case reflect.Float64:
		return node{append: appendFloats, decode: decodeFloats, clone: cloneSlice[float64], min: 1}, true
	case reflect.Int:
		return node{append: appendInts[int], decode: decodeInts[int], clone: cloneSlice[int], min: 1}, true
	case reflect.Int64:
		return node{append: appendInts[int64], decode: decodeInts[int64], clone: cloneSlice[int64], min: 1}, true
	case reflect.Uint64:
		return node{append: appendUints, decode: decodeUints, clone: cloneSlice[uint64], min: 1}, true
	}
	return node{}, false
}

func cloneSlice[T any](dst, src unsafe.Pointer) {
	*(*[]T)(dst) = slices.Clone(*(*[]T)(src))
}

func appendFloats(dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*[]float64)(p)
	if s == nil {
		return append(dst, 0), nil
	}
	dst = slices.Grow(dst, 8*len(s)+binary.MaxVarintLen64)
	dst = appendUvarint(dst, uint64(len(s))+1)
	for _, x := range s {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return dst, nil
}

func decodeFloats(b []byte, p unsafe.Pointer) ([]byte, error) {
	n, b, err := count(b, 8)
	if err != nil {
		return nil, err
	}
	dst := (*[]float64)(p)
	if n < 0 {
		*dst = nil
		return b, nil
	}
	s := make([]float64, n)
	for i := range s {
		s[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	*dst = s
	return b[8*n:], nil
}

func appendInts[T int | int64](dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*[]T)(p)
	if s == nil {
		return append(dst, 0), nil
	}
	dst = appendUvarint(dst, uint64(len(s))+1)
	for _, x := range s {
		dst = appendZigzag(dst, int64(x))
	}
	return dst, nil
}

func decodeInts[T int | int64](b []byte, p unsafe.Pointer) ([]byte, error) {
	n, b, err := count(b, 1)
	if err != nil {
		return nil, err
	}
	dst := (*[]T)(p)
	if n < 0 {
		*dst = nil
		return b, nil
	}
	s := make([]T, n)
	var u uint64
	for i := range s {
		if u, b, err = uvarint(b); err != nil {
			return nil, err
		}
		x := unzigzag(u)
		if int64(T(x)) != x {
			return nil, errRange
		}
		s[i] = T(x)
	}
	*dst = s
	return b, nil
}

func appendUints(dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*[]uint64)(p)
	if s == nil {
		return append(dst, 0), nil
	}
	dst = appendUvarint(dst, uint64(len(s))+1)
	for _, x := range s {
		dst = appendUvarint(dst, x)
	}
	return dst, nil
}

func decodeUints(b []byte, p unsafe.Pointer) ([]byte, error) {
	n, b, err := count(b, 1)
	if err != nil {
		return nil, err
	}
	dst := (*[]uint64)(p)
	if n < 0 {
		*dst = nil
		return b, nil
	}
	s := make([]uint64, n)
	for i := range s {
		if s[i], b, err = uvarint(b); err != nil {
			return nil, err
		}
	}
	*dst = s
	return b, nil
}
