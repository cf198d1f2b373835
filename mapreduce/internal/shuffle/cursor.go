package shuffle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/cespare/xxhash/v2"
)

// A DamagedRunError says that a run does not hold what its writer wrote. The work that made it can be done again.
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
	file   *os.File
	end    int64 // offset of the index: where blocks end
	off    int64 // of the next block
	high   []byte
	block  []byte // entries of the block at hand, not yet read
	buf    []byte
	order  int // position of the run among all
	done   bool
	key    []byte // of the entry at hand
	window uint64 // first bytes of key
	count  int64
	values []byte
}

// openCursor opens a run and moves to its first entry with low <= key < high.
func openCursor(path string, low, high []byte, order int) (*cursor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening run: %w", err)
	}
	c := &cursor{file: f, high: high, order: order}
	if err := c.seek(low); err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return c, nil
}

func (c *cursor) seek(low []byte) error {
	info, err := c.file.Stat()
	if err != nil {
		return fmt.Errorf("opening run: %w", err)
	}
	size := info.Size()
	var magic [len(runMagic)]byte
	var trailer [trailerSize]byte
	if size < int64(len(magic)+blockHead+trailerSize) {
		return c.damaged(size, "file is too short")
	}
	if err := c.readAt(magic[:], 0); err != nil {
		return err
	}
	if err := c.readAt(trailer[:], size-trailerSize); err != nil {
		return err
	}
	c.end = int64(binary.LittleEndian.Uint64(trailer[:]))
	if string(magic[:]) != runMagic || string(trailer[16:]) != runMagic || c.end < int64(len(runMagic)) || c.end > size-trailerSize-blockHead {
		return c.damaged(size-trailerSize, "no run, or cut short")
	}
	index, err := c.readIndex(size - trailerSize)
	if err != nil {
		return err
	}
	c.off = c.end
	if len(index) > 0 {
		// The last block that begins at or below low may hold low itself.
		i := sort.Search(len(index), func(i int) bool { return bytes.Compare(index[i].Key, low) > 0 })
		// Several blocks may begin with low: one key can fill many. The first entry with low is in the block before them.
		for i > 0 && bytes.Compare(index[i-1].Key, low) >= 0 {
			i--
		}
		c.off = index[max(i-1, 0)].Offset
	}
	if err := c.next(); err != nil {
		return err
	}
	for !c.done && bytes.Compare(c.key, low) < 0 {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) readIndex(limit int64) ([]IndexEntry, error) {
	b, next, err := c.readSummed(c.end, limit)
	if err != nil {
		return nil, err
	}
	if next != limit {
		return nil, c.damaged(c.end, "index ends early")
	}
	var index []IndexEntry
	for len(b) > 0 {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return nil, c.damaged(c.end, "index entry")
		}
		key := b[w : w+int(n)]
		b = b[w+int(n):]
		off, w := binary.Uvarint(b)
		if w <= 0 || off >= uint64(c.end) {
			return nil, c.damaged(c.end, "index entry")
		}
		b = b[w:]
		index = append(index, IndexEntry{Key: bytes.Clone(key), Offset: int64(off)})
	}
	return index, nil
}

// readSummed reads and checks what writeSummed wrote at off. The result is valid until the next call.
func (c *cursor) readSummed(off, limit int64) (b []byte, next int64, err error) {
	var head [blockHead]byte
	if limit-off < blockHead {
		return nil, 0, c.damaged(off, "block head cut short")
	}
	if err := c.readAt(head[:], off); err != nil {
		return nil, 0, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > limit-off-blockHead {
		return nil, 0, c.damaged(off, "block cut short")
	}
	if int64(cap(c.buf)) < n {
		c.buf = make([]byte, n+n/8)
	}
	b = c.buf[:n]
	if err := c.readAt(b, off+blockHead); err != nil {
		return nil, 0, err
	}
	if xxhash.Sum64(b) != binary.LittleEndian.Uint64(head[4:]) {
		return nil, 0, c.damaged(off, "checksum differs")
	}
	return b, off + blockHead + n, nil
}

func (c *cursor) readAt(b []byte, off int64) error {
	_, err := c.file.ReadAt(b, off)
	if err == io.EOF {
		return c.damaged(off, "file is too short")
	}
	if err != nil {
		return fmt.Errorf("reading run: %w", err)
	}
	return nil
}

func (c *cursor) damaged(off int64, reason string) error {
	return &DamagedRunError{Path: c.file.Name(), Offset: off, Reason: reason}
}

// next moves to the next entry, or sets done. key and values are valid until the call after.
func (c *cursor) next() error {
	if len(c.block) == 0 {
		if c.off == c.end {
			c.done = true
			return nil
		}
		at := c.off
		b, next, err := c.readSummed(c.off, c.end)
		if err != nil {
			return err
		}
		if len(b) == 0 {
			return c.damaged(at, "empty block")
		}
		c.block, c.off, c.key = b, next, c.key[:0]
	}
	b := c.block
	var n [4]uint64
	for i := range n {
		v, w := binary.Uvarint(b)
		if w <= 0 {
			return c.damaged(c.off, "entry cut short")
		}
		n[i], b = v, b[w:]
	}
	shared, suffix, count, values := n[0], n[1], n[2], n[3]
	if shared > uint64(len(c.key)) || suffix > uint64(len(b)) || values > uint64(len(b))-suffix {
		return c.damaged(c.off, "entry is longer than its block")
	}
	c.key = append(c.key[:shared], b[:suffix]...)
	c.count = int64(count)
	c.values = b[suffix : suffix+values]
	c.block = b[suffix+values:]
	if shared < 8 {
		c.window = window(c.key)
	}
	if c.high != nil && bytes.Compare(c.key, c.high) >= 0 {
		c.done = true
	}
	return nil
}

func (c *cursor) close() error { return c.file.Close() }
