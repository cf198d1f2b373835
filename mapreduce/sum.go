package mapreduce

import (
	"cmp"
	"fmt"
	"math/bits"

	"github.com/telemetry-mr/mr/storage/exact"
)

// Sum adds integers: the Combine of counts and totals. A sum that overflows fails the run. For floating-point numbers,
// whose plain sum depends on the order, there is [ExactSum].
func Sum[V int | int64 | uint64](acc *V, v V) {
	sum := *acc + v
	var zero V
	if zero-1 > zero { // unsigned
		if _, carry := bits.Add64(uint64(*acc), uint64(v), 0); carry != 0 {
			panic(overflow(*acc, v))
		}
	} else if (*acc < zero) == (v < zero) && (sum < zero) != (v < zero) {
		panic(overflow(*acc, v))
	}
	*acc = sum
}

func overflow[V any](acc, v V) error {
	return fmt.Errorf("sum overflows: %v + %v does not fit in %T", acc, v, v)
}

// Min keeps the least value. A NaN wins over any number.
func Min[V cmp.Ordered](acc *V, v V) { *acc = min(*acc, v) }

// Max keeps the greatest value. A NaN wins over any number.
func Max[V cmp.Ordered](acc *V, v V) { *acc = max(*acc, v) }

// An ExactSum is a sum of float64 values that does not depend on their order: it is exact, and rounded once, when it is
// read or written as a row. Its Combine is [AddExact].
type ExactSum = exact.Sum

// Exact returns the sum of one value.
func Exact(x float64) ExactSum {
	var s ExactSum
	s.Add(x)
	return s
}

// AddExact adds v to *acc.
func AddExact(acc *ExactSum, v ExactSum) { acc.AddSum(v) }
