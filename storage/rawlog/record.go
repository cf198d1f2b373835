package rawlog

import (
	"encoding/binary"
	"fmt"
)

// A Record is one submission. Its bytes belong to the Reader and are valid until the next record.
type Record struct {
	Time   int64  // when it was received, Unix milliseconds
	Addr   []byte // of the client, as the receiver noted it; may be a list, may be empty
	Path   []byte // as in the request, without the prefix; any bytes
	Data   []byte // the body as received, maybe gzip
	Offset int64  // of the record's first byte in the file
	Size   int    // of the record in the file, with its header
	Format Format
}

// lengths says how long the parts of a record are.
type lengths struct{ addr, path, data int }

func (l lengths) body() int { return l.addr + l.path + l.data }

// set makes body, with the parts one behind the other, the record's.
func (r *Record) set(l lengths, body []byte) {
	r.Addr = body[:l.addr:l.addr]
	r.Path = body[l.addr : l.addr+l.path : l.addr+l.path]
	r.Data = body[l.addr+l.path : l.body() : l.body()]
}

// AppendFrame appends a record as a frame that a Segment of the format takes. V1 leaves the address out. V0 is not written
// any more. A part that is longer than its field can say is an error.
func AppendFrame(dst []byte, f Format, rec *Record) ([]byte, error) {
	at := len(dst)
	dst, err := BeginFrame(dst, f, rec.Addr, rec.Path)
	if err != nil {
		return dst, err
	}
	dst = append(dst, rec.Data...)
	return dst, EndFrame(dst[at:], f, rec.Time)
}

// BeginFrame appends the part of a frame that comes before the data. The caller appends the data and calls EndFrame.
func BeginFrame(dst []byte, f Format, addr, path []byte) ([]byte, error) {
	switch {
	case f != V1 && f != V2 && f != V3:
		return dst, fmt.Errorf("raw logs of format %v are read, not written", f)
	case len(addr) > MaxAddr:
		return dst, fmt.Errorf("address of %d bytes, at most %d fit", len(addr), MaxAddr)
	case len(path) > MaxPath:
		return dst, fmt.Errorf("path of %d bytes, at most %d fit", len(path), MaxPath)
	}
	le := binary.LittleEndian
	var header [frameSize]byte
	h := header[:]
	switch f {
	case V1:
		h, addr = h[:15], nil
		le.PutUint16(h[1:], uint16(len(path)))
	case V2:
		h = h[:16]
		h[1] = byte(len(addr))
		le.PutUint16(h[2:], uint16(len(path)))
	default:
		h[14] = byte(len(addr))
		le.PutUint16(h[12:], uint16(len(path)))
	}
	h[0] = separator
	dst = append(dst, h...)
	dst = append(dst, addr...)
	return append(dst, path...), nil
}

// EndFrame completes a frame that BeginFrame began: all behind its path is the data. The time is in Unix milliseconds.
func EndFrame(frame []byte, f Format, time int64) error {
	if time < 0 || time >= maxTime {
		return fmt.Errorf("time %d ms is not from 0 to 2^53-1", time)
	}
	le := binary.LittleEndian
	var length, at int // of the data, and of its length in the header
	switch f {
	case V1:
		at, length = 3, len(frame)-15-u16(frame[1:])
	case V2:
		at, length = 4, len(frame)-16-int(frame[1])-u16(frame[2:])
	default:
		at, length = 8, len(frame)-frameSize-int(frame[14])-u16(frame[12:])
	}
	if uint64(length) > MaxData {
		return fmt.Errorf("data of %d bytes, at most %d fit", length, uint64(MaxData))
	}
	le.PutUint32(frame[at:], uint32(length))
	if f != V3 {
		le.PutUint64(frame[at+4:], uint64(time))
		return nil
	}
	le.PutUint64(frame[16:], uint64(time))
	le.PutUint32(frame[24:], checksum(frame[frameSize:]))
	seal(frame)
	return nil
}
