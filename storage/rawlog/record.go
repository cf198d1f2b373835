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
	switch {
	case len(rec.Addr) > MaxAddr:
		return dst, fmt.Errorf("address of %d bytes, at most %d fit", len(rec.Addr), MaxAddr)
	case len(rec.Path) > MaxPath:
		return dst, fmt.Errorf("path of %d bytes, at most %d fit", len(rec.Path), MaxPath)
	case uint64(len(rec.Data)) > MaxData:
		return dst, fmt.Errorf("data of %d bytes, at most %d fit", len(rec.Data), uint64(MaxData))
	case rec.Time < 0 || rec.Time >= maxTime:
		return dst, fmt.Errorf("time %d ms is not from 0 to 2^53-1", rec.Time)
	}
	le := binary.LittleEndian
	addr := rec.Addr
	switch f {
	case V1:
		addr = nil
		dst = append(dst, separator)
	case V2:
		dst = append(dst, separator, byte(len(addr)))
	case V3:
		return appendChecked(dst, rec), nil
	default:
		return dst, fmt.Errorf("raw logs of format %v are read, not written", f)
	}
	dst = le.AppendUint16(dst, uint16(len(rec.Path)))
	dst = le.AppendUint32(dst, uint32(len(rec.Data)))
	dst = le.AppendUint64(dst, uint64(rec.Time))
	dst = append(dst, addr...)
	dst = append(dst, rec.Path...)
	return append(dst, rec.Data...), nil
}
