package values

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// compile returns the codec of t. A whole value needs no length in front.
func compile(t reflect.Type, whole bool) (node, error) {
	c := compiler{value: t}
	if whole {
		switch {
		case isOwn(t):
			return c.own(t, true)
		case t.Kind() == reflect.String:
			return node{append: appendWholeString, decode: decodeWholeString}, nil
		case isBytes(t):
			return node{append: appendWholeBytes, decode: decodeWholeBytes, clone: cloneBytes}, nil
		}
	}
	return c.compile(t)
}

type compiler struct {
	value   reflect.Type
	path    string
	parents []reflect.Type
}

func (c *compiler) errorf(format string, args ...any) error {
	where := ""
	if c.path != "" {
		where = "field " + c.path[1:] + ": "
	}
	return fmt.Errorf("value %v: %s%s", c.value, where, fmt.Sprintf(format, args...))
}

// compile returns the codec of t inside another value.
func (c *compiler) compile(t reflect.Type) (node, error) {
	if isOwn(t) {
		return c.own(t, false)
	}
	if n, ok := numbers[t.Kind()]; ok {
		return n, nil
	}
	if slices.Contains(c.parents, t) {
		return node{}, c.errorf("%v refers to itself: give it AppendBinary and UnmarshalBinary", t)
	}
	c.parents = append(c.parents, t)
	defer func() { c.parents = c.parents[:len(c.parents)-1] }()

	switch t.Kind() {
	case reflect.String:
		return node{append: appendString, decode: decodeString, min: 1}, nil
	case reflect.Slice:
		if isBytes(t) {
			return node{append: appendBytes, decode: decodeBytes, clone: cloneBytes, min: 1}, nil
		}
		return c.slice(t)
	case reflect.Array:
		return c.array(t)
	case reflect.Struct:
		return c.structure(t)
	case reflect.Pointer:
		return c.pointer(t)
	case reflect.Map:
		return c.mapping(t)
	}
	return node{}, c.errorf("%v has no binary form", t)
}

// structure compiles a struct.
func (c *compiler) structure(t reflect.Type) (node, error) {
	type field struct {
		node
		off uintptr
	}
	var fields []field
	var n node
	cloned := false
	path := c.path
	defer func() { c.path = path }()
	for f := range t.Fields() {
		if f.Name == "_" {
			continue
		}
		c.path = path + "." + f.Name
		if !f.IsExported() {
			return node{}, c.errorf("unexported, and %v has no AppendBinary and UnmarshalBinary of its own", t)
		}
		sub, err := c.compile(f.Type)
		if err != nil {
			return node{}, err
		}
		fields = append(fields, field{sub, f.Offset})
		n.min += sub.min
		cloned = cloned || sub.clone != nil
	}
	n.append = func(dst []byte, p unsafe.Pointer) ([]byte, error) {
		start := len(dst)
		var err error
		for i := range fields {
			if dst, err = fields[i].append(dst, unsafe.Add(p, fields[i].off)); err != nil {
				return dst[:start], err
			}
		}
		return dst, nil
	}
	n.decode = func(b []byte, p unsafe.Pointer) ([]byte, error) {
		var err error
		for i := range fields {
			if b, err = fields[i].decode(b, unsafe.Add(p, fields[i].off)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	if cloned {
		n.clone = func(dst, src unsafe.Pointer) {
			reflect.NewAt(t, dst).Elem().Set(reflect.NewAt(t, src).Elem())
			for i := range fields {
				if f := &fields[i]; f.clone != nil {
					f.clone(unsafe.Add(dst, f.off), unsafe.Add(src, f.off))
				}
			}
		}
	}
	return n, nil
}

// pointer compiles a pointer. Two pointers to one value become two values.
func (c *compiler) pointer(t reflect.Type) (node, error) {
	elem, err := c.compile(t.Elem())
	if err != nil {
		return node{}, err
	}
	return node{
		min: 1,
		append: func(dst []byte, p unsafe.Pointer) ([]byte, error) {
			to := *(*unsafe.Pointer)(p)
			if to == nil {
				return append(dst, 0), nil
			}
			dst, err := elem.append(append(dst, 1), to)
			if err != nil {
				return dst[:len(dst)-1], err
			}
			return dst, nil
		},
		decode: func(b []byte, p unsafe.Pointer) ([]byte, error) {
			if len(b) == 0 {
				return nil, errShort
			}
			switch b[0] {
			case 0:
				*(*unsafe.Pointer)(p) = nil
				return b[1:], nil
			case 1:
				to := reflect.New(t.Elem()).UnsafePointer()
				*(*unsafe.Pointer)(p) = to
				return elem.decode(b[1:], to)
			}
			return nil, errFlag
		},
		clone: func(dst, src unsafe.Pointer) {
			from := *(*unsafe.Pointer)(src)
			if from == nil {
				return
			}
			to := reflect.New(t.Elem())
			*(*unsafe.Pointer)(dst) = to.UnsafePointer()
			cloneInto(elem, t.Elem(), to.UnsafePointer(), from)
		},
	}, nil
}

// cloneInto sets the zero value at dst to a copy of that at src, both of type t.
func cloneInto(n node, t reflect.Type, dst, src unsafe.Pointer) {
	if n.clone != nil {
		n.clone(dst, src)
		return
	}
	reflect.NewAt(t, dst).Elem().Set(reflect.NewAt(t, src).Elem())
}

// hasPointers reports whether a t refers to memory outside of it.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasPointers(f.Type) {
				return true
			}
		}
		return false
	}
	return t.Kind() < reflect.Bool || t.Kind() > reflect.Complex128
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && !isOwn(t.Elem())
}
