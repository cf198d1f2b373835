package inflate

import "math/bits"

// A table says by the next bits what symbol they begin with. An entry has, from its lowest bit:
//
//	6 bits  how many bits the symbol takes, with the extra bits behind its code
//	4 bits  from bit 8: how many of these are the code
//	3 bits  from bit 13: flags
//	16 bits from bit 16: a literal, or what the extra bits are added to
//
// For a code that is longer than what the table is looked up by, the entry leads to another table, which begins at the value
// and is looked up by as many of the bits behind as the lowest six say.
const (
	bitsMask   = 1<<6 - 1
	codeShift  = 8
	isEnd      = 1 << 13 // of the block
	isTable    = 1 << 14
	isOther    = 1 << 15 // than a literal, a length or a distance; alone: a symbol that means nothing
	valueShift = 16
	isLiteral  = 1 << 31
)

// The bits that the tables are looked up by, and room for them with the tables behind: with codes of 15 bits at most, in a table
// behind there are two of them at least.
const (
	preBits  = 7
	litBits  = 10
	litSize  = 8192 // for 1024 + 143*32
	distBits = 8
	distSize = 4096 // for 256 + 15*128
)

const (
	literals  = 288 // symbols of the first alphabet: bytes, the end of the block, lengths
	distances = 32
	maxCode   = 15
	maxLength = maxCode + 5 // with its extra bits
)

// What is in the entries of symbols besides their codes.
var preSymbols, litSymbols, distSymbols = symbols()

func symbols() (pre [19]uint32, lit [literals]uint32, dist [distances]uint32) {
	for i := range pre {
		pre[i] = uint32(i) << valueShift
	}
	for i := range 256 {
		lit[i] = isLiteral | uint32(i)<<valueShift
	}
	lit[256] = isOther | isEnd
	length := uint32(3)
	for i := range uint32(28) {
		extra := max(1, i/4) - 1
		lit[257+i] = length<<valueShift | extra
		length += 1 << extra
	}
	lit[285] = 258 << valueShift
	lit[286], lit[287] = isOther, isOther
	distance := uint32(1)
	for i := range uint32(30) {
		extra := max(1, i/2) - 1
		dist[i] = distance<<valueShift | extra
		distance += 1 << extra
	}
	dist[30], dist[31] = isOther, isOther
	return pre, lit, dist
}

// build makes the table, looked up by so many bits, of a code that has these lengths by symbol. It returns false if they are not
// those of a complete code, or of one with a single symbol or none, as for the distances of a block without copies.
func build(table []uint32, by int, lengths []uint8, symbols []uint32) bool {
	var count, next [maxCode + 2]int // by length
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	longest := 0
	for n := 1; n <= maxCode; n++ {
		next[n+1] = (next[n] + count[n]) << 1
		if count[n] > 0 {
			longest = n
		}
	}
	if next[maxCode+1] != 1<<(maxCode+1) {
		if longest > 1 || count[1] > 1 {
			return false
		}
		for i := range 1 << by { // some bits mean nothing
			table[i] = isOther
		}
	}
	behind := max(0, longest-by) // bits that tables behind are looked up by
	if behind > 0 {
		clear(table[:1<<by])
	}
	end := 1 << by
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		code := int(bits.Reverse16(uint16(next[n])) >> (16 - n)) // the first bit is the lowest
		next[n]++
		if int(n) <= by {
			e := symbols[symbol] + uint32(n) + uint32(n)<<codeShift
			for i := code; i < 1<<by; i += 1 << n {
				table[i] = e
			}
			continue
		}
		first := &table[code&(1<<by-1)]
		if *first == 0 {
			*first = uint32(end)<<valueShift | isOther | isTable | uint32(behind)
			end += 1 << behind
		}
		rest := n - uint8(by)
		e := symbols[symbol] + uint32(rest) + uint32(rest)<<codeShift
		to := table[*first>>valueShift:][:1<<behind]
		for i := code >> by; i < len(to); i += 1 << rest {
			to[i] = e
		}
	}
	return true
}

// fixed sets the lengths of the codes that need not be sent.
func (d *Decoder) fixed() {
	for i := range d.lengths {
		switch {
		case i < 144:
			d.lengths[i] = 8
		case i < 256:
			d.lengths[i] = 9
		case i < 280:
			d.lengths[i] = 7
		case i < literals:
			d.lengths[i] = 8
		default:
			d.lengths[i] = 5
		}
	}
}

// preOrder is the order in which the lengths of the codes for lengths are sent.
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the lengths of the codes of a block, and makes its tables.
func (d *Decoder) dynamic() bool {
	lits, dists, pres := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if lits > 286 || dists > 30 {
		return false
	}
	var pre [19]uint8
	for i := range pres {
		if !d.fill() {
			return false
		}
		pre[preOrder[i]] = uint8(d.take(3))
	}
	if !build(d.preTable[:], preBits, pre[:], preSymbols[:]) {
		return false
	}
	lengths := d.lengths[:lits+dists]
	for i := 0; i < len(lengths); {
		if !d.fill() {
			return false
		}
		e := d.preTable[d.bits%(1<<preBits)]
		d.take(uint(e & bitsMask))
		symbol := uint8(e >> valueShift)
		times := 1
		switch symbol {
		case 16: // the one before again
			if i == 0 {
				return false
			}
			symbol, times = lengths[i-1], 3+int(d.take(2))
		case 17:
			symbol, times = 0, 3+int(d.take(3))
		case 18:
			symbol, times = 0, 11+int(d.take(7))
		}
		if times > len(lengths)-i {
			return false
		}
		for range times {
			lengths[i] = symbol
			i++
		}
	}
	return d.tables(lits, dists)
}

// tables makes the tables of a block.
func (d *Decoder) tables(lits, dists int) bool {
	return build(d.litTable[:], litBits, d.lengths[:lits], litSymbols[:]) &&
		build(d.distTable[:], distBits, d.lengths[lits:lits+dists], distSymbols[:])
}
