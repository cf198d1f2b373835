package keys

import (
	"encoding"
	"fmt"
	"reflect"
	"unsafe"
)

// An op encodes one leaf field: the fields of a key, nested ones too, are
// a flat list of these.
type op struct {
	off  uintptr // of the field in the key
	size int     // in bytes, of the field if it is an array
	kind kind
}

type kind uint8

const (
	kindString kind = iota
	kindBool
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindFloat32
	kindFloat64
	kindBytes
)

// A column is what is known of a leaf field beside its place.
type column struct {
	op
	name  string
	typ   reflect.Type // type of the cell
	order bool
}

// compile returns the leaf fields of the key type t.
func compile(t reflect.Type) ([]column, error) {
	c := compiler{key: t}
	if t.Kind() != reflect.Struct {
		return c.columns, c.leaf(t, 0, "key", false)
	}
	err := c.fields(t, 0, "", false)
	return c.columns, err
}

type compiler struct {
	key     reflect.Type
	columns []column
}

// fields adds the fields of the struct t, which lies at off in the key and whose
// fields' names start with prefix.
func (c *compiler) fields(t reflect.Type, off uintptr, prefix string, order bool) error {
	for f := range t.Fields() {
		if f.Name == "_" {
			continue // == ignores it too
		}
		name := prefix + f.Name
		order := order
		switch tag, ok := f.Tag.Lookup("mr"); {
		case !ok:
		case tag == "order":
			order = true
		default:
			return fmt.Errorf("key %v: field %s: unknown tag mr:%q, only mr:\"order\" is known", c.key, name, tag)
		}
		var err error
		switch {
		case f.Type.Kind() != reflect.Struct:
			err = c.leaf(f.Type, off+f.Offset, name, order)
		case f.Anonymous:
			err = c.fields(f.Type, off+f.Offset, prefix, order)
		default:
			err = c.fields(f.Type, off+f.Offset, name+".", order)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf adds one field that is no struct.
func (c *compiler) leaf(t reflect.Type, off uintptr, name string, order bool) error {
	field := "field " + name
	if c.key.Kind() != reflect.Struct {
		field = "type"
	}
	col := column{op: op{off: off, size: int(t.Size())}, name: name, order: order}
	switch {
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		col.kind, col.typ = kindBytes, t
	default:
		l, ok := leaves[t.Kind()]
		if !ok {
			return fmt.Errorf("key %v: %s: %v cannot be part of a key: want string, number, bool, array of bytes or struct of these", c.key, field, t)
		}
		col.kind, col.typ = l.kind, l.cell
		if t.Implements(textMarshaler) {
			col.typ = t
		}
	}
	if n := len(c.columns); n > 0 && c.columns[n-1].order && !order {
		return fmt.Errorf("key %v: field %s is not tagged mr:\"order\" but follows %s, which is: order fields come last", c.key, name, c.columns[n-1].name)
	}
	c.columns = append(c.columns, col)
	return nil
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// leaves gives the form of each kind of field and the type of its cells.
var leaves = map[reflect.Kind]struct {
	kind kind
	cell reflect.Type
}{
	reflect.String:  {kindString, reflect.TypeFor[string]()},
	reflect.Bool:    {kindBool, reflect.TypeFor[bool]()},
	reflect.Int:     {wordKind(kindInt32, kindInt64), reflect.TypeFor[int]()},
	reflect.Int8:    {kindInt8, reflect.TypeFor[int8]()},
	reflect.Int16:   {kindInt16, reflect.TypeFor[int16]()},
	reflect.Int32:   {kindInt32, reflect.TypeFor[int32]()},
	reflect.Int64:   {kindInt64, reflect.TypeFor[int64]()},
	reflect.Uint:    {wordKind(kindUint32, kindUint64), reflect.TypeFor[uint]()},
	reflect.Uint8:   {kindUint8, reflect.TypeFor[uint8]()},
	reflect.Uint16:  {kindUint16, reflect.TypeFor[uint16]()},
	reflect.Uint32:  {kindUint32, reflect.TypeFor[uint32]()},
	reflect.Uint64:  {kindUint64, reflect.TypeFor[uint64]()},
	reflect.Float32: {kindFloat32, reflect.TypeFor[float32]()},
	reflect.Float64: {kindFloat64, reflect.TypeFor[float64]()},
}

// wordKind chooses by the size of an int. Keys never leave the machine that
// wrote them, so 32-bit machines may write shorter ones.
func wordKind(small, large kind) kind {
	if unsafe.Sizeof(0) == 4 {
		return small
	}
	return large
}

// cell returns the field of the key at p.
func (c *column) cell(p unsafe.Pointer) any {
	p = unsafe.Add(p, c.off)
	switch {
	case c.typ == stringType:
		return (*string)(p)
	case c.typ == intType:
		return *(*int)(p)
	}
	// The declared type and the type of the cell have one memory layout.
	return reflect.NewAt(c.typ, p).Elem().Interface()
}

var (
	stringType = reflect.TypeFor[string]()
	intType    = reflect.TypeFor[int]()
)
