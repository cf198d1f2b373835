package mapreduce

import (
	"hash/crc32"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// endsIn is the number of files whose end the task reads.
func endsIn(t worker.MapTask) int {
	n := 0
	for _, f := range t.Files {
		if f.Last() {
			n++
		}
	}
	return n
}

// noteInputs notes which inputs were read to their end, and their checksums. A task that has not ended has no counters.
func noteInputs(inputs []Input, tasks []worker.MapTask, results []worker.MapResult) {
	for n, t := range tasks {
		done := results[n].Counters != nil
		for i, f := range t.Files {
			in := &inputs[0]
			in.Read = done && (in.Read || f.First())
			if !in.Read {
				in.CRC32 = 0
			} else if sums := results[n].Checksums; sums != nil {
				in.CRC32 = joinedCRC(in.CRC32, sums[i], f.Bytes())
			}
			if f.Last() {
				inputs = inputs[1:]
			}
		}
	}
}

// joinedCRC is the CRC-32 (IEEE) of bytes with the checksum a, followed by n bytes with the checksum b: a times x^8n, plus b,
// as polynomials over GF(2) modulo that of the checksum. (0 is the checksum of no bytes.)
func joinedCRC(a, b uint32, n int64) uint32 {
	shift := uint32(1) << 31 // x^0: the highest bit is the lowest power
	for square := uint32(1) << 23; n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = mulCRC(shift, square)
		}
		square = mulCRC(square, square)
	}
	return mulCRC(shift, a) ^ b
}

// mulCRC multiplies two polynomials.
func mulCRC(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a>>31 != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}
