package rawlog

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
)

// The layout of V3, as FORMAT.md has it.
var (
	magic = [8]byte{0x8e, 'm', 'r', 'l', 'o', 'g', '\r', '\n'}
	mark  = [4]byte{separator, 'm', 'r', 3}
)

const (
	headSize  = 16 // of a segment
	frameSize = 28 // of a frame without its body

	kindRecord = 0
	kindEnd    = 1
)

// appendHead appends what a segment begins with.
func appendHead(dst []byte, seed uint32) []byte {
	at := len(dst)
	dst = append(dst, magic[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, seed)
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[at:]))
}

// appendEnd appends the end frame of a segment with so many records, without a seed.
func appendEnd(dst []byte, records int64) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, frameSize)...)
	dst[at+15] = kindEnd
	binary.LittleEndian.PutUint64(dst[at+16:], uint64(records))
	seal(dst[at:])
	return dst
}

// seal completes the header of a frame.
func seal(frame []byte) {
	copy(frame, mark[:])
	binary.LittleEndian.PutUint32(frame[4:], checksum(frame[8:frameSize]))
}

// seedFrame makes a sealed frame one of the segment with a seed.
func seedFrame(frame []byte, seed uint32) {
	binary.LittleEndian.PutUint32(frame[4:], u32(frame[4:])^seed)
}

// checked reads V3.
type checked struct {
	opts    Options
	seed    uint32
	seeded  bool
	begun   bool
	records uint64
	broken  bool // damage has been found
	ended   bool
}

func (c *checked) at(w *window, rec *Record) verdict {
	if c.begun {
		return c.frame(w, rec)
	}
	c.begun = true
	head := w.peek(headSize)
	if len(head) == 0 {
		c.ended = true // no bytes at all
		return verdict{}
	}
	if len(head) == headSize && u32(head[12:]) == checksum(head[:12]) && bytes.HasPrefix(head, magic[:]) {
		c.seed, c.seeded = u32(head[8:]), true
		return verdict{other: true, size: headSize}
	}
	c.broken = true
	const reason = "not the begin of a segment"
	if skip := c.search(w); !c.seeded {
		return verdict{size: skip, damage: reason}
	}
	if seed, ok := seedOf(w.peek(frameSize)); !ok || seed != c.seed {
		return c.lost(w, reason)
	}
	v := c.frame(w, rec) // the first bytes are missing, not damaged
	v.damage = cmp.Or(v.damage, reason)
	return v
}

// frame judges what is behind the begin.
func (c *checked) frame(w *window, rec *Record) verdict {
	if c.ended {
		return c.trailing(w)
	}
	head := w.peek(frameSize)
	switch {
	case len(head) == 0:
		c.ended = true
		if c.opts.Unfinished {
			return verdict{}
		}
		return verdict{damage: "the end frame is missing: the file was cut, or its writer has not finished it"}
	case len(head) < frameSize:
		return c.lost(w, "cut in a header")
	case !c.seeded:
		if skip := c.search(w); !c.seeded {
			return verdict{size: skip, damage: "no frame begins here"}
		}
		head = w.peek(frameSize)
	}
	if seed, ok := seedOf(head); !ok || seed != c.seed {
		return c.lost(w, "no frame begins here")
	}
	if head[15] == kindEnd {
		return c.end(head)
	}
	l := lengths{addr: int(head[14]), path: u16(head[12:]), data: int(u32(head[8:]))}
	if reason := c.opts.over(l.path, int64(u32(head[8:]))); reason != "" {
		return c.lost(w, reason)
	}
	frame := w.peek(frameSize + l.body())
	if len(frame) < frameSize+l.body() {
		return c.lost(w, "cut in a record")
	}
	if checksum(frame[frameSize:]) != u32(frame[24:]) {
		return c.lost(w, "a record does not have its checksum")
	}
	time := u64(frame[16:])
	if time >= maxTime {
		return c.lost(w, "a record has a time that no writer gives it")
	}
	c.records++
	rec.Format = V3
	rec.Time = int64(time)
	rec.set(l, frame[frameSize:])
	return verdict{record: true, size: len(frame)}
}

// search looks for a lost seed. If it is not found, skip bytes are lost.
func (c *checked) search(w *window) (skip int) {
	c.seed, c.seeded, skip = findSeed(w, c.opts)
	return skip
}

// over says which limit a record is over, if any.
func (o Options) over(path int, data int64) string {
	if path > o.maxPath() {
		return fmt.Sprintf("a path of %d bytes, the limit is %d", path, o.maxPath())
	}
	if data > int64(o.maxData()) {
		return fmt.Sprintf("data of %d bytes, the limit is %d", data, o.maxData())
	}
	return ""
}

// seedOf is the seed that makes a header good, whatever it says.
func seedOf(head []byte) (uint32, bool) {
	if len(head) < frameSize || !bytes.HasPrefix(head, mark[:]) || head[15] > kindEnd {
		return 0, false
	}
	return checksum(head[8:frameSize]) ^ u32(head[4:]), true
}

// end judges the end frame.
func (c *checked) end(head []byte) verdict {
	c.ended = true
	if n := u64(head[16:]); n != c.records && !c.broken {
		return verdict{size: frameSize, damage: fmt.Sprintf("%d records are missing or too many: the segment was finished with %d", absDiff(n, c.records), n)}
	}
	return verdict{other: true, size: frameSize}
}

func absDiff(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// trailing judges what follows the end: it must be nothing.
func (c *checked) trailing(w *window) verdict {
	rest := w.peek(chunk)
	if len(rest) == 0 {
		return verdict{}
	}
	return verdict{size: len(rest), damage: "there should be nothing behind the end frame"}
}

// lost moves on to the next place where a frame may begin.
func (c *checked) lost(w *window, reason string) verdict {
	c.broken = true
	rest := w.peek(frameSize)
	if len(rest) <= 1 {
		return verdict{size: len(rest), damage: reason}
	}
	rest = w.rest()
	size := len(rest)
	if i := bytes.Index(rest[1:], mark[:]); i >= 0 {
		size = 1 + i
	} else if w.err == nil {
		size -= len(mark) - 1 // it may begin here
	}
	return verdict{size: size, damage: reason}
}
