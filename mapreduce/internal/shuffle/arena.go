package shuffle

// An arena hands out bytes from large blocks and takes all of them back at once. Blocks never move.
type arena struct {
	blocks [][]byte
	cur    int // index of the block in use
	off    int // bytes of it handed out
	spare  [][]byte
	used   int64 // bytes handed out
}

// A ref names bytes of an arena: the number of the block, counted from one, above, the offset below. 0 names nothing.
type ref uint64

const blockSize = 256 << 10

func (a *arena) alloc(n int) (ref, []byte) {
	a.used += int64(n)
	if n > blockSize/8 { // a block of its own
		a.blocks = append(a.blocks, make([]byte, n))
		return ref(len(a.blocks)) << 32, a.blocks[len(a.blocks)-1]
	}
	if len(a.blocks) == 0 || a.off+n > blockSize {
		a.blocks = append(a.blocks, a.block())
		a.cur, a.off = len(a.blocks)-1, 0
	}
	off := a.off
	a.off += n
	return ref(a.cur+1)<<32 | ref(off), a.blocks[a.cur][off : off+n : off+n]
}

func (a *arena) block() []byte {
	if n := len(a.spare); n > 0 {
		b := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return b
	}
	return make([]byte, blockSize)
}

// bytes returns n bytes from r on.
func (a *arena) bytes(r ref, n int) []byte {
	off := int(uint32(r))
	return a.blocks[r>>32-1][off : off+n : off+n]
}

// reset takes everything back. Blocks of the common size are kept for later.
func (a *arena) reset() {
	for _, b := range a.blocks {
		if len(b) == blockSize {
			a.spare = append(a.spare, b)
		}
	}
	clear(a.blocks)
	a.blocks, a.off, a.used = a.blocks[:0], 0, 0
}
