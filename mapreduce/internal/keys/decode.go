package keys

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"unsafe"
)

// Errors of bytes that no Append has written.
var (
	errShort  = errors.New("encoded key ends early")
	errLong   = errors.New("encoded key has bytes after its end")
	errEscape = errors.New("encoded key has a string with a bad escape")
	errBool   = errors.New("encoded key has a bool that is neither 0 nor 1")
	errFloat  = errors.New("encoded key has a float that is no sorting form")
)

// decodeOps fills the key at p from all of b. See encode.go for its use of
// unsafe.
func decodeOps(b []byte, ops []op, p unsafe.Pointer) error {
	var text string // the whole of b, once a string is met: one allocation for all strings
	i := 0
	for n := range ops {
		op := &ops[n]
		f := unsafe.Add(p, op.off)
		if op.kind == kindString {
			end := specialByte(b, i)
			if end == len(b) {
				return errShort
			}
			switch {
			case b[end] == escape:
				size := bytes.IndexByte(b[end:], terminator)
				if size < 0 {
					return errShort
				}
				end += size
				s, err := unescape(b[i:end])
				if err != nil {
					return err
				}
				*(*string)(f) = s
			case i == end:
				*(*string)(f) = ""
			default:
				if text == "" {
					// Up to the last byte, which is the terminator if a string is last.
					text = string(b[:max(end, len(b)-1)])
				}
				*(*string)(f) = text[i:end]
			}
			i = end + 1
			continue
		}
		if len(b)-i < op.size {
			return errShort
		}
		v := b[i : i+op.size]
		i += op.size
		switch op.kind {
		case kindBool:
			if v[0] > 1 {
				return errBool
			}
			*(*bool)(f) = v[0] == 1
		case kindInt8:
			*(*int8)(f) = int8(v[0] ^ 1<<7)
		case kindInt16:
			*(*int16)(f) = int16(binary.BigEndian.Uint16(v) ^ 1<<15)
		case kindInt32:
			*(*int32)(f) = int32(binary.BigEndian.Uint32(v) ^ 1<<31)
		case kindInt64:
			*(*int64)(f) = int64(binary.BigEndian.Uint64(v) ^ 1<<63)
		case kindUint8:
			*(*uint8)(f) = v[0]
		case kindUint16:
			*(*uint16)(f) = binary.BigEndian.Uint16(v)
		case kindUint32:
			*(*uint32)(f) = binary.BigEndian.Uint32(v)
		case kindUint64:
			*(*uint64)(f) = binary.BigEndian.Uint64(v)
		case kindFloat32:
			bits := binary.BigEndian.Uint32(v)
			x := math.Float32frombits(bits ^ (^uint32(int32(bits)>>31) | 1<<31))
			if sortableFloat32(x) != bits {
				return errFloat
			}
			*(*float32)(f) = x
		case kindFloat64:
			bits := binary.BigEndian.Uint64(v)
			x := math.Float64frombits(bits ^ (^uint64(int64(bits)>>63) | 1<<63))
			if sortableFloat64(x) != bits {
				return errFloat
			}
			*(*float64)(f) = x
		case kindBytes:
			copy(unsafe.Slice((*byte)(f), op.size), v)
		}
	}
	if i != len(b) {
		return errLong
	}
	return nil
}

// specialByte returns the place of the first terminator or escape from i on, or
// the length of b.
func specialByte(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		// Of the lanes that are set the first is always right.
		if special := bytesBelow2(binary.LittleEndian.Uint64(b[i:])); special != 0 {
			return i + bits.TrailingZeros64(special)>>3
		}
	}
	for i < len(b) && b[i] > escape {
		i++
	}
	return i
}

// skipOps returns the length of the fields of ops at the beginning of b.
func skipOps(b []byte, ops []op) (int, error) {
	i := 0
	for n := range ops {
		size := ops[n].size
		if ops[n].kind == kindString {
			size = bytes.IndexByte(b[i:], terminator) + 1
			if size == 0 {
				return 0, errShort
			}
		}
		if len(b)-i < size {
			return 0, errShort
		}
		i += size
	}
	return i, nil
}

// unescape returns the string that b, without its terminator, stands for.
func unescape(b []byte) (string, error) {
	s := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == escape {
			i++
			if i == len(b) || b[i] < 1 || b[i] > 2 {
				return "", errEscape
			}
			c = b[i] - 1
		}
		s = append(s, c)
	}
	return string(s), nil
}
