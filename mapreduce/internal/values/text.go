package values

import (
	"bytes"
	"unsafe"
)

func appendString(dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*string)(p)
	return append(appendUvarint(dst, uint64(len(s))), s...), nil
}

func decodeString(b []byte, p unsafe.Pointer) ([]byte, error) {
	n, b, err := uvarint(b)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(b)) {
		return nil, errShort
	}
	*(*string)(p) = string(b[:n])
	return b[n:], nil
}

func appendWholeString(dst []byte, p unsafe.Pointer) ([]byte, error) {
	return append(dst, *(*string)(p)...), nil
}

func decodeWholeString(b []byte, p unsafe.Pointer) ([]byte, error) {
	*(*string)(p) = string(b)
	return nil, nil
}

func appendBytes(dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*[]byte)(p)
	if s == nil {
		return append(dst, 0), nil
	}
	return append(appendUvarint(dst, uint64(len(s))+1), s...), nil
}

func decodeBytes(b []byte, p unsafe.Pointer) ([]byte, error) {
	n, b, err := count(b, 1)
	if err != nil {
		return nil, err
	}
	if n < 0 {
		*(*[]byte)(p) = nil
		return b, nil
	}
	setBytes(p, b[:n:n])
	return b[n:], nil
}

func appendWholeBytes(dst []byte, p unsafe.Pointer) ([]byte, error) {
	s := *(*[]byte)(p)
	if s == nil {
		return dst, nil
	}
	return append(append(dst, 1), s...), nil
}

func decodeWholeBytes(b []byte, p unsafe.Pointer) ([]byte, error) {
	switch {
	case len(b) == 0:
		*(*[]byte)(p) = nil
		return nil, nil
	case b[0] != 1:
		return nil, errFlag
	}
	setBytes(p, b[1:len(b):len(b)])
	return nil, nil
}

func setBytes(p unsafe.Pointer, s []byte) {
	*(*[]byte)(p) = append(make([]byte, 0, len(s)), s...)
}

func cloneBytes(dst, src unsafe.Pointer) {
	*(*[]byte)(dst) = bytes.Clone(*(*[]byte)(src))
}
