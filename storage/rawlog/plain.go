package rawlog

import "bytes"

// plain reads V0, V1 and V2, which have no checksums: whether a record is one is a matter of what surrounds it.
type plain struct {
	opts   Options
	format Format
	tried  int64 // by begins: there is none up to this place in the input
	found  bool  // but at it
}

// headerSize is the number of bytes in front of a record's parts.
func (p *plain) headerSize() int {
	if p.format == V1 {
		return 15
	}
	return 16
}

// Why no record begins at a place.
const (
	noHeader = "no record begins here"
	tooLarge = "a record is larger than the limit, or its lengths are wrong"
)

// header reads the one at the begin of b, which may be cut. If it cannot be one, bad says why.
func (p *plain) header(b []byte) (l lengths, time uint64, bad string) {
	if len(b) == 0 || p.format != V0 && b[0] != separator {
		return l, 0, noHeader
	}
	if len(b) < p.headerSize() {
		return l, 0, "" // so far it is as it should be
	}
	var path, data int64
	switch p.format {
	case V0:
		path, data, time = int64(u32(b)), int64(u32(b[4:])), u64(b[8:])
	case V1:
		path, data, time = int64(u16(b[1:])), int64(u32(b[3:])), u64(b[7:])
	default:
		l.addr, path, data, time = int(b[1]), int64(u16(b[2:])), int64(u32(b[4:])), u64(b[8:])
	}
	if time >= maxTime {
		return l, 0, noHeader
	}
	if path > int64(p.opts.maxPath()) || data > int64(p.opts.maxData()) {
		return l, 0, tooLarge
	}
	l.path, l.data = int(path), int(data)
	return l, time, ""
}

func (p *plain) at(w *window, rec *Record) verdict {
	head := w.peek(p.headerSize())
	if len(head) == 0 {
		return verdict{}
	}
	l, time, bad := p.header(head)
	if bad != "" {
		return p.lost(w, bad)
	}
	if len(head) < p.headerSize() {
		return p.lost(w, "cut in a header")
	}
	if p.format == V0 && l.path == 0 && l.data == 0 {
		return p.lost(w, "zeros, or another record without path and data, which no receiver wrote")
	}
	size := p.headerSize() + l.body()
	more := w.peek(size + p.headerSize())
	if len(more) < size {
		return p.lost(w, "a record is cut, or its lengths are wrong")
	}
	body, next := more[p.headerSize():size], more[size:]
	if p.format == V0 && !printable(body[:l.path]) {
		return p.lost(w, noHeader)
	}
	if _, _, bad := p.header(next); len(next) > 0 && bad != "" {
		if p.format == V0 || !whole(body[l.addr+l.path:]) || p.begins(w, size) {
			return p.lost(w, "the lengths of a record are wrong, or it is damaged")
		}
		body = w.peek(size)[p.headerSize():] // begins may have looked further
	}
	rec.Format = p.format
	rec.Time = int64(time)
	rec.set(l, body)
	return verdict{record: true, size: size}
}

const blanks = " \t\r\n"

// whole tells whether data looks like what clients send, from its begin to its end.
func whole(data []byte) bool {
	if isGzip(data) {
		return true
	}
	few := min(len(data), 64) // bytes that are looked through for what is no blank
	begin := bytes.TrimLeft(data[:few], blanks)
	end := bytes.TrimRight(data[len(data)-few:], blanks)
	return len(data) > 1 && bytes.HasPrefix(begin, []byte{'{'}) && bytes.HasSuffix(end, []byte{'}'})
}

// begins tells whether a record begins inside the next end bytes that has another, or the end of the file, right behind it. A
// hostile file asks this at each mark, so each mark is tried once.
func (p *plain) begins(w *window, end int) bool {
	if p.tried <= w.offset {
		p.tried, p.found = w.offset+1, false
	}
	for !p.found && p.tried < w.offset+int64(end) {
		at := int(p.tried - w.offset)
		i := bytes.IndexByte(w.peek(end)[at:], separator)
		if i < 0 {
			p.tried = w.offset + int64(end)
			break
		}
		if p.found = p.followed(w, at+i); p.found {
			p.tried += int64(i)
		} else {
			p.tried += int64(i) + 1
		}
	}
	return p.found && p.tried < w.offset+int64(end)
}

// followed tells whether a record begins at a place in the window and has another, or the end of the file, right behind it.
func (p *plain) followed(w *window, at int) bool {
	head := w.peek(at + p.headerSize())[at:]
	l, _, bad := p.header(head)
	if bad != "" || len(head) < p.headerSize() {
		return false
	}
	end := at + p.headerSize() + l.body()
	more := w.peek(end + p.headerSize())
	if len(more) <= end {
		return len(more) == end
	}
	_, _, bad = p.header(more[end:])
	return bad == ""
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// lost moves on to the next place where a record may begin.
func (p *plain) lost(w *window, reason string) verdict {
	rest := w.rest()
	size := 1
	if p.format != V0 {
		if size = 1 + bytes.IndexByte(rest[1:], separator); size == 0 {
			size = len(rest)
		}
	}
	return verdict{size: size, damage: reason}
}
