package resend

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets that are 1/16 of their value wide.
type histogram struct {
	counts [64 * 16]int64
	total  int64
	max    time.Duration
}

// bucket is the one of a duration: 16 for each power of two of nanoseconds.
func bucket(d time.Duration) int {
	n := uint64(max(d, 16))
	shift := bits.Len64(n) - 5
	return shift*16 + int(n>>shift) - 16
}

// upper is the largest duration of a bucket.
func upper(bucket int) time.Duration {
	shift := bucket / 16
	return time.Duration((uint64(bucket%16)+17)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

// quantile is the duration that a part q of all do not exceed, 0 if there are none.
func (h *histogram) quantile(q float64) time.Duration {
	left := int64(q * float64(h.total))
	for i, n := range h.counts {
		if left -= n; left < 0 {
			return min(upper(i), h.max)
		}
	}
	return h.max
}
