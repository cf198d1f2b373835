package shuffle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cespare/xxhash/v2"
)

// A DamagedRunError says that a run does not hold what its writer wrote, or is gone. The work that made it can be done
// again.
type DamagedRunError struct {
	Path   string
	Offset int64
	Reason string
}

func (e *DamagedRunError) Error() string {
	return fmt.Sprintf("%s: run damaged at offset %d: %s", e.Path, e.Offset, e.Reason)
}

// A cursor reads the entries of one run within a key range.
type cursor struct {
	file  *os.File
	high  []byte
	off   int64  // of what follows the block at hand
	end   int64  // offset of the index: where blocks end
	buf   []byte // holds the block at hand
	block []byte // its entries not yet read

	key    []byte // of the entry at hand; undefined at the end
	shared int    // bytes that it shares with the key before it; -1 at the end
	count  int64
	values []byte // nil while they are far

	far     bool // the values are elsewhere: load gets them
	farAt   int64
	farSize int64
	farHash uint64
}

// openCursor opens a run and moves to its first entry with low <= key < high. The index goes to scratch for the time.
func openCursor(path string, low, high []byte, scratch *[]byte) (*cursor, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedRunError{Path: path, Reason: "the file is gone"}
	}
	if err != nil {
		return nil, fmt.Errorf("opening run: %w", err)
	}
	c := &cursor{file: f, high: high}
	if err := c.seek(low, scratch); err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return c, nil
}

func (c *cursor) seek(low []byte, scratch *[]byte) error {
	info, err := c.file.Stat()
	if err != nil {
		return fmt.Errorf("opening run: %w", err)
	}
	limit := info.Size() - trailerSize
	if limit < int64(len(runMagic)+blockHead) {
		return c.damaged(0, "too short to be a run")
	}
	var magic [len(runMagic)]byte
	if err := c.readAt(magic[:], 0); err != nil {
		return err
	}
	var trailer [trailerSize]byte
	if err := c.readAt(trailer[:], limit); err != nil {
		return err
	}
	if string(magic[:]) != runMagic || string(trailer[8:]) != runMagic {
		return c.damaged(0, "no run, or cut short")
	}
	c.end = int64(binary.LittleEndian.Uint64(trailer[:]))
	if c.end < int64(len(runMagic)) || c.end > limit-blockHead {
		return c.damaged(limit, "index out of place")
	}
	index, next, err := c.readSummed(c.end, limit, scratch)
	if err != nil {
		return err
	}
	if next != limit {
		return c.damaged(c.end, "index out of place")
	}
	if c.off, err = c.find(index, low); err != nil {
		return err
	}
	if err := c.next(); err != nil {
		return err
	}
	for c.shared >= 0 && bytes.Compare(c.key, low) < 0 {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// find returns the offset of the last block of the index that all keys from low on are in or behind.
func (c *cursor) find(index, low []byte) (int64, error) {
	off := uint64(len(runMagic))
	for len(index) > 0 {
		n, w := binary.Uvarint(index)
		if w <= 0 || n > uint64(len(index)-w) {
			return 0, c.damaged(c.end, "index entry")
		}
		cut := index[w : w+int(n)]
		index = index[w+int(n):]
		at, w := binary.Uvarint(index)
		if w <= 0 || at < off || at >= uint64(c.end) {
			return 0, c.damaged(c.end, "index entry")
		}
		index = index[w:]
		// The block of a cut that equals low is too late: the block before may end with that key.
		if bytes.Compare(cut, low) >= 0 {
			break
		}
		off = at
	}
	return int64(off), nil
}

// readSummed reads and checks what writeSummed wrote at off, into *buf.
func (c *cursor) readSummed(off, limit int64, buf *[]byte) (b []byte, next int64, err error) {
	var head [blockHead]byte
	if limit-off < blockHead {
		return nil, 0, c.damaged(off, "block cut short")
	}
	if err := c.readAt(head[:], off); err != nil {
		return nil, 0, err
	}
	at, n := off+blockHead, int64(binary.LittleEndian.Uint32(head[:]))
	if n > limit-at {
		return nil, 0, c.damaged(off, "block cut short")
	}
	b, err = c.readHashed(at, n, binary.LittleEndian.Uint64(head[4:]), buf)
	return b, at + n, err
}

// readHashed reads n bytes at off into *buf, which it makes larger where needed, and checks them.
func (c *cursor) readHashed(off, n int64, sum uint64, buf *[]byte) ([]byte, error) {
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n+n/8)
	}
	b := (*buf)[:n]
	if err := c.readAt(b, off); err != nil {
		return nil, err
	}
	if xxhash.Sum64(b) != sum {
		return nil, c.damaged(off, "checksum differs")
	}
	return b, nil
}

func (c *cursor) readAt(b []byte, off int64) error {
	_, err := c.file.ReadAt(b, off)
	if err == io.EOF {
		return c.damaged(off, "cut short")
	}
	if err != nil {
		return fmt.Errorf("reading run: %w", err)
	}
	return nil
}

func (c *cursor) damaged(off int64, reason string) error {
	return &DamagedRunError{Path: c.file.Name(), Offset: off, Reason: reason}
}

// next moves to the next entry, or to the end. key and values are valid until the call after.
func (c *cursor) next() error {
	fresh := len(c.block) == 0
	if fresh {
		if c.off == c.end {
			c.shared = -1
			return nil
		}
		var err error
		if c.block, c.off, err = c.readSummed(c.off, c.end, &c.buf); err != nil {
			return err
		}
	}
	b := c.block
	var n [4]uint64 // shared, suffix length, count, 2*length + far
	if len(b) >= 4 && (b[0]|b[1]|b[2]|b[3]) < 0x80 {
		n, b = [4]uint64{uint64(b[0]), uint64(b[1]), uint64(b[2]), uint64(b[3])}, b[4:]
	} else {
		for i := range n {
			v, w := binary.Uvarint(b)
			if w <= 0 {
				return c.damaged(c.off, "entry cut short")
			}
			n[i], b = v, b[w:]
		}
	}
	shared, suffix, size := n[0], n[1], n[3]>>1
	if c.far = n[3]&1 == 1; c.far {
		c.farSize, size = int64(size), 8
	}
	if shared > uint64(len(c.key)) || fresh && shared > 0 || suffix > uint64(len(b)) || size > uint64(len(b))-suffix {
		return c.damaged(c.off, "entry longer than its block")
	}
	c.shared, c.count = int(shared), int64(n[2])
	if fresh {
		c.shared = commonPrefix(c.key, b[:suffix])
	}
	c.key = append(c.key[:shared], b[:suffix]...)
	c.values, c.block = b[suffix:suffix+size], b[suffix+size:]
	if c.far {
		if err := c.skipFar(); err != nil {
			return err
		}
	}
	if c.high != nil && bytes.Compare(c.key, c.high) >= 0 {
		c.shared = -1
	}
	return nil
}

// skipFar notes where the values of the entry at hand are.
func (c *cursor) skipFar() error {
	c.farAt, c.farHash, c.values = c.off, binary.LittleEndian.Uint64(c.values), nil
	if len(c.block) > 0 || c.farSize > c.end-c.off {
		return c.damaged(c.off, "values out of place")
	}
	c.off += c.farSize
	return nil
}

// load reads far values into *buf.
func (c *cursor) load(buf *[]byte) (err error) {
	c.values, err = c.readHashed(c.farAt, c.farSize, c.farHash, buf)
	c.far = false
	return err
}

func (c *cursor) close() error { return c.file.Close() }
