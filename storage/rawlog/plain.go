package rawlog

import "bytes"

// plain reads V0, V1 and V2, which have no checksums: whether a record is one is a matter of what surrounds it.
type plain struct {
	opts   Options
	format Format
}

// headerSize is the number of bytes in front of a record's parts.
func (p *plain) headerSize() int {
	if p.format == V1 {
		return 15
	}
	return 16
}

// header reads the one at the begin of b, which may be cut. It is ok if it may be one.
func (p *plain) header(b []byte) (l lengths, time uint64, ok bool) {
	if p.format != V0 && len(b) > 0 && b[0] != separator {
		return l, 0, false
	}
	if len(b) < p.headerSize() {
		return l, 0, len(b) > 0 // cut, so far as it should be
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
	if path > int64(p.opts.maxPath()) || data > int64(p.opts.maxData()) || time >= maxTime {
		return l, 0, false
	}
	l.path, l.data = int(path), int(data)
	return l, time, true
}

func (p *plain) at(w *window, rec *Record) verdict {
	head := w.peek(p.headerSize())
	if len(head) == 0 {
		return verdict{}
	}
	l, time, ok := p.header(head)
	if !ok {
		return p.lost(w, "no record begins here")
	}
	if len(head) < p.headerSize() {
		return p.lost(w, "cut in a header")
	}
	size := p.headerSize() + l.body()
	more := w.peek(size + p.headerSize())
	if len(more) < size {
		return p.lost(w, "a record is cut, or its lengths are wrong")
	}
	body, next := more[p.headerSize():size], more[size:]
	if p.format == V0 && !printable(body[:l.path]) {
		return p.lost(w, "no record begins here")
	}
	if _, _, follows := p.header(next); len(next) > 0 && !follows {
		if p.format == V0 || !whole(body[l.addr+l.path:]) || p.begins(more[1:size], next, w.err != nil) {
			return p.lost(w, "the lengths of a record are wrong, or it is damaged")
		}
	}
	rec.Format = p.format
	rec.Time = int64(time)
	rec.set(l, body)
	return verdict{record: true, size: size}
}

// whole tells whether data looks like what clients send, from its begin to its end.
func whole(data []byte) bool {
	if isGzip(data) {
		return true
	}
	data = bytes.TrimSpace(data)
	return len(data) > 1 && data[0] == '{' && data[len(data)-1] == '}'
}

// begins tells whether a record begins in inside that has another, or the end of the file, right behind it. It
// looks at the first 64 KiB only, for this is asked at each mark of a hostile file.
func (p *plain) begins(inside, next []byte, last bool) bool {
	all := inside[:len(inside)+len(next)]
	for at := range min(len(inside), chunk) {
		if inside[at] != separator {
			continue
		}
		l, _, ok := p.header(all[at:])
		if !ok || len(all)-at < p.headerSize() {
			continue
		}
		end := at + p.headerSize() + l.body()
		if end > len(all) || end == len(all) && !last {
			continue
		}
		if _, _, ok := p.header(all[end:]); end == len(all) || ok {
			return true
		}
	}
	return false
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
