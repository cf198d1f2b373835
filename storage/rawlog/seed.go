package rawlog

import "bytes"

// The seed of a segment whose first bytes are damaged is looked for in its frames. A client may have put frames into a body,
// with a seed of its own. They are met only if the frame around them is damaged, too, and cannot reach beyond the body: what
// follows it has a checksum with the true seed, which no client learns. So frames that are more than a body can hold are true,
// else those that go on to the end of the file, as FORMAT.md has it in full.

// A run is whole frames of one seed, with none of another seed between them.
type run struct {
	seed   uint32
	size   int  // bytes of the frames
	end    int  // of the last one
	agreed bool // by a header of the same seed, or the end of the bytes, right behind one
	beyond bool // that header is of a frame which ends behind the bytes
}

// A seedSearch looks for a seed in bytes.
type seedSearch struct {
	opts Options
	b    []byte
	sums rangeSums
}

// findSeed finds the seed of the frames at the window's position and behind. If it does not, the caller is to try again skip
// bytes further on. It looks at no more than twice the longest frame, counted from the first that is whole, so that a body
// at the begin of that leaves more than as much again to the true frames.
func findSeed(w *window, o Options) (seed uint32, ok bool, skip int) {
	longest := frameSize + o.maxBody()
	b := w.peek(2 * longest)
	s := &seedSearch{opts: o, b: b, sums: rangeSums{b: b}}
	best, first := s.best()
	switch {
	case best.agreed && (first == 0 || w.err != nil):
		return best.seed, true, 0
	case best.agreed:
		return 0, false, first
	case w.err != nil:
		return 0, false, len(b)
	}
	return 0, false, len(b) - longest - frameSize // behind it, a frame may be cut, or that which has to agree with it
}

// best is the run whose seed is most likely the true one, and where the first whole frame begins.
func (s *seedSearch) best() (best run, first int) {
	first = -1
	var last run
	for at := 0; ; {
		i := bytes.Index(s.b[at:], mark[:])
		if i < 0 {
			break
		}
		at += i
		seed, size, ok := s.frame(at)
		if end := at + size; !ok || end > len(s.b) || !s.sums.holds(at+frameSize, end, u32(s.b[at+24:])) {
			at++
			continue
		}
		if first < 0 {
			first = at
		}
		if seed != last.seed {
			best, last = s.better(best, last), run{seed: seed}
		}
		at += size // what is in it is none of ours
		last.size += size
		last.end = at
		next, size, ok := s.frame(at)
		if at == len(s.b) || ok && next == seed {
			last.agreed = true
			last.beyond = last.beyond || at+size > len(s.b)
		}
	}
	return s.better(best, last), first
}

// frame reads the header at a place, if there is one of any seed and within the limits.
func (s *seedSearch) frame(at int) (seed uint32, size int, ok bool) {
	head := s.b[at:min(at+frameSize, len(s.b))]
	if seed, ok = seedOf(head); !ok || head[15] == kindEnd {
		return seed, frameSize, ok
	}
	path, data := u16(head[12:]), int64(u32(head[8:]))
	if s.opts.over(path, data) != "" {
		return 0, 0, false
	}
	return seed, frameSize + int(head[14]) + path + int(data), true
}

func (s *seedSearch) better(a, b run) run {
	if rank := s.rank(b) - s.rank(a); rank > 0 || rank == 0 && b.size > a.size {
		return b
	}
	return a
}

// rank says how hard a run is to forge. A forged one ends with the file only if the file has been cut right behind it, and
// seems to go on behind the file only if no true one ends with it.
func (s *seedSearch) rank(r run) int {
	switch {
	case !r.agreed:
		return 0
	case r.size > s.opts.maxBody():
		return 4
	case r.end == len(s.b):
		return 3
	case r.beyond:
		return 2
	}
	return 1
}
