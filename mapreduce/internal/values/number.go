package values

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"
)

// numbers holds the codecs of all kinds of one word or two.
var numbers = map[reflect.Kind]node{
	reflect.Bool:       {append: appendBool, decode: decodeBool, min: 1},
	reflect.Int:        {append: appendInt[int], decode: decodeInt[int], min: 1},
	reflect.Int8:       {append: appendByte, decode: decodeByte, min: 1},
	reflect.Int16:      {append: appendInt[int16], decode: decodeInt[int16], min: 1},
	reflect.Int32:      {append: appendInt[int32], decode: decodeInt[int32], min: 1},
	reflect.Int64:      {append: appendInt[int64], decode: decodeInt[int64], min: 1},
	reflect.Uint:       {append: appendUint[uint], decode: decodeUint[uint], min: 1},
	reflect.Uint8:      {append: appendByte, decode: decodeByte, min: 1},
	reflect.Uint16:     {append: appendUint[uint16], decode: decodeUint[uint16], min: 1},
	reflect.Uint32:     {append: appendUint[uint32], decode: decodeUint[uint32], min: 1},
	reflect.Uint64:     {append: appendUint[uint64], decode: decodeUint[uint64], min: 1},
	reflect.Uintptr:    {append: appendUint[uintptr], decode: decodeUint[uintptr], min: 1},
	reflect.Float32:    {append: appendFloat32, decode: decodeFloat32, min: 4},
	reflect.Float64:    {append: appendFloat64, decode: decodeFloat64, min: 8},
	reflect.Complex64:  {append: pair(appendFloat32, 4), decode: unpair(decodeFloat32, 4), min: 8},
	reflect.Complex128: {append: pair(appendFloat64, 8), decode: unpair(decodeFloat64, 8), min: 16},
}

func appendBool(dst []byte, p unsafe.Pointer) ([]byte, error) {
	if *(*bool)(p) {
		return append(dst, 1), nil
	}
	return append(dst, 0), nil
}

func decodeBool(b []byte, p unsafe.Pointer) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	if b[0] > 1 {
		return nil, errFlag
	}
	*(*bool)(p) = b[0] == 1
	return b[1:], nil
}

func appendByte(dst []byte, p unsafe.Pointer) ([]byte, error) {
	return append(dst, *(*byte)(p)), nil
}

func decodeByte(b []byte, p unsafe.Pointer) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	*(*byte)(p) = b[0]
	return b[1:], nil
}

func appendInt[T int | int16 | int32 | int64](dst []byte, p unsafe.Pointer) ([]byte, error) {
	return appendZigzag(dst, int64(*(*T)(p))), nil
}

func decodeInt[T int | int16 | int32 | int64](b []byte, p unsafe.Pointer) ([]byte, error) {
	u, b, err := uvarint(b)
	x := unzigzag(u)
	if int64(T(x)) != x {
		return nil, errRange
	}
	*(*T)(p) = T(x)
	return b, err
}

func appendUint[T uint | uint16 | uint32 | uint64 | uintptr](dst []byte, p unsafe.Pointer) ([]byte, error) {
	return appendUvarint(dst, uint64(*(*T)(p))), nil
}

func decodeUint[T uint | uint16 | uint32 | uint64 | uintptr](b []byte, p unsafe.Pointer) ([]byte, error) {
	u, b, err := uvarint(b)
	if uint64(T(u)) != u {
		return nil, errRange
	}
	*(*T)(p) = T(u)
	return b, err
}

func appendFloat32(dst []byte, p unsafe.Pointer) ([]byte, error) {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(*(*float32)(p))), nil
}

func decodeFloat32(b []byte, p unsafe.Pointer) ([]byte, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	*(*uint32)(p) = binary.LittleEndian.Uint32(b)
	return b[4:], nil
}

func appendFloat64(dst []byte, p unsafe.Pointer) ([]byte, error) {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(*(*float64)(p))), nil
}

func decodeFloat64(b []byte, p unsafe.Pointer) ([]byte, error) {
	if len(b) < 8 {
		return nil, errShort
	}
	*(*uint64)(p) = binary.LittleEndian.Uint64(b)
	return b[8:], nil
}

// pair appends two values, the second size bytes after the first.
func pair(one appendFunc, size uintptr) appendFunc {
	return func(dst []byte, p unsafe.Pointer) ([]byte, error) {
		dst, _ = one(dst, p) // a number has no error
		return one(dst, unsafe.Add(p, size))
	}
}

func unpair(one decodeFunc, size uintptr) decodeFunc {
	return func(b []byte, p unsafe.Pointer) ([]byte, error) {
		b, err := one(b, p)
		if err != nil {
			return nil, err
		}
		return one(b, unsafe.Add(p, size))
	}
}

func appendZigzag(dst []byte, x int64) []byte {
	return appendUvarint(dst, uint64(x)<<1^uint64(x>>63))
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// appendUvarint is binary.AppendUvarint with the short cases in front.
func appendUvarint(dst []byte, x uint64) []byte {
	switch {
	case x < 1<<7:
		return append(dst, byte(x))
	case x < 1<<14:
		return append(dst, byte(x)|0x80, byte(x>>7))
	}
	return binary.AppendUvarint(dst, x)
}

// uvarint returns the number at the beginning of b and the rest. It takes what
// appendUvarint writes and no longer form of it.
func uvarint(b []byte) (uint64, []byte, error) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:], nil
	}
	x, n := binary.Uvarint(b)
	switch {
	case n == 0:
		return 0, nil, errShort
	case n < 0 || b[n-1] == 0:
		return 0, nil, errRange
	}
	return x, b[n:], nil
}

// count returns the number of elements in front of b, -1 for nil. No more are
// taken than b has room for at least bytes an element.
func count(b []byte, least int) (int, []byte, error) {
	u, b, err := uvarint(b)
	if err != nil {
		return 0, nil, err
	}
	if u == 0 {
		return -1, b, nil
	}
	u--
	if least > 0 && u > uint64(len(b)/least) {
		return 0, nil, errShort
	}
	if u > math.MaxInt32 && least == 0 {
		return 0, nil, errRange
	}
	return int(u), b, nil
}
