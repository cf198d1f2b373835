package rawlog

import "hash/crc32"

// rangeSums tells the checksum of any range of bytes in a time that hardly depends on its length: those of the bytes up to
// its begin and up to its end are enough, for a CRC is a remainder of polynomials.
type rangeSums struct {
	b  []byte
	to []uint32 // [i] is of b[:i*sumStep]
}

const sumStep = 1 << 10

// holds tells whether the bytes from begin to end have a checksum.
func (s *rangeSums) holds(begin, end int, sum uint32) bool {
	return s.upTo(end) == behind(s.upTo(begin), end-begin)^sum
}

func (s *rangeSums) upTo(n int) uint32 {
	if s.to == nil {
		s.to = []uint32{0}
	}
	for last := len(s.to) - 1; last < n/sumStep; last++ {
		s.to = append(s.to, crc32.Update(s.to[last], castagnoli, s.b[last*sumStep:(last+1)*sumStep]))
	}
	return crc32.Update(s.to[n/sumStep], castagnoli, s.b[n/sumStep*sumStep:n])
}

// behind is what a checksum adds to that of n bytes behind it: the sum times x to the power of 8n.
func behind(sum uint32, n int) uint32 {
	for i := 0; n > 0; i, n = i+1, n>>1 {
		if n&1 != 0 {
			sum = times(sum, powers[i])
		}
	}
	return sum
}

// powers has x to the power of 8 * 2^i.
var powers = func() (p [32]uint32) {
	p[0] = 1 << (31 - 8)
	for i := 1; i < len(p); i++ {
		p[i] = times(p[i-1], p[i-1])
	}
	return p
}()

// times multiplies polynomials modulo that of CRC-32C. The coefficient of 1 is the highest bit.
func times(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		b = b>>1 ^ -(b&1)&crc32.Castagnoli
	}
	return product
}
