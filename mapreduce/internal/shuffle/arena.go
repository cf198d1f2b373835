package shuffle

import "unsafe"

// An arena hands out memory for what holds no pointers, aligned to eight bytes, and takes all of it back at once. It takes
// memory in blocks, which never move.
type arena struct {
	blocks [][]uint64
	cur    int // number of the block in use, counted from one as in a ref; 0 is none
	off    int // words of it handed out
	spare  [][]uint64
	used   int64 // bytes handed out, and those lost at the ends of blocks
}

// A ref names memory of an arena: the number of the block, counted from one, above, the offset in words below. 0 names
// nothing.
type ref uint32

const (
	offsetBits = 15
	blockWords = 1 << offsetBits // 256 KiB
	largeWords = blockWords / 8  // what is larger has a block of its own
	maxBlocks  = 1<<(32-offsetBits) - 1
	maxUsed    = 4 << 30 // so that what is counted in it fits in 32 bits
)

// alloc hands out at least n bytes. What was there before is still there.
func (a *arena) alloc(n int) ref {
	words := (n + 7) / 8
	if words > largeWords {
		r := a.push(make([]uint64, words))
		a.used += int64(words) * 8
		return r
	}
	if a.cur == 0 || a.off+words > blockWords {
		if a.cur != 0 {
			a.used += int64(blockWords-a.off) * 8
		}
		a.cur, a.off = int(a.push(a.block())>>offsetBits), 0
	}
	r := ref(a.cur<<offsetBits | a.off)
	a.off += words
	a.used += int64(words) * 8
	return r
}

// push takes in a block and returns its beginning.
func (a *arena) push(block []uint64) ref {
	if len(a.blocks) == maxBlocks || a.used > maxUsed {
		panic("shuffle: a table has grown beyond 4 GiB: it is to be written when its Size is large")
	}
	a.blocks = append(a.blocks, block)
	return ref(len(a.blocks) << offsetBits)
}

func (a *arena) block() []uint64 {
	if n := len(a.spare); n > 0 {
		b := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return b
	}
	return make([]uint64, blockWords)
}

// at returns the memory that r names. It is as long as alloc was asked for.
func (a *arena) at(r ref) unsafe.Pointer {
	return unsafe.Pointer(&a.blocks[r>>offsetBits-1][r&(blockWords-1)])
}

// reset takes everything back. Blocks of the common size are kept for later.
func (a *arena) reset() {
	for _, b := range a.blocks {
		if len(b) == blockWords {
			a.spare = append(a.spare, b)
		}
	}
	clear(a.blocks)
	a.blocks, a.cur, a.off, a.used = a.blocks[:0], 0, 0, 0
}

// bytesAt returns n bytes that begin off bytes behind p.
func bytesAt(p unsafe.Pointer, off uintptr, n uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(p, off)), n)
}
