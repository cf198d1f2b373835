package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
)

var tableSeed = maphash.MakeSeed()

// digest stands for a list of frames.
type digest struct{ h maphash.Hash }

func (d *digest) add(stored, size int64, sum uint32) {
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], uint64(stored))
	binary.LittleEndian.PutUint64(b[8:], uint64(size))
	binary.LittleEndian.PutUint32(b[16:], sum)
	_, _ = d.h.Write(b[:]) // never fails
}

func (d *digest) sum() uint64 { return d.h.Sum64() }

// seekTable is the content of the last frame of a seekable file: entries of 8 or, with checksums, 12 bytes, the number of
// entries (4 bytes), a descriptor (1 byte), tableEnd.
type seekTable struct {
	entries   []byte
	width     int
	checksums bool
}

func parseSeekTable(b []byte) (seekTable, error) {
	if len(b) < 9 || binary.LittleEndian.Uint32(b[len(b)-4:]) != tableEnd {
		return seekTable{}, errors.New("seek table without its end")
	}
	b, foot := b[:len(b)-9], b[len(b)-9:]
	t := seekTable{entries: b, width: 8}
	if foot[4]&0x7c != 0 { // five reserved bits; the lowest two may be anything
		return seekTable{}, errors.New("seek table of an unknown kind")
	}
	if foot[4]&0x80 != 0 {
		t.width, t.checksums = 12, true
	}
	if n := binary.LittleEndian.Uint32(foot); uint64(n)*uint64(t.width) != uint64(len(b)) {
		return seekTable{}, fmt.Errorf("seek table of %d bytes with %d entries", len(b), n)
	}
	return t, nil
}

func (t seekTable) len() int { return len(t.entries) / t.width }

func (t seekTable) entry(i int) (stored, decoded, sum uint32) {
	e := t.entries[i*t.width:]
	stored, decoded = binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
	if t.checksums {
		sum = binary.LittleEndian.Uint32(e[8:])
	}
	return stored, decoded, sum
}

// emptySum is the checksum of no bytes.
const emptySum = 0x51D8E999
