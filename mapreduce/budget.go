package mapreduce

import (
	"fmt"
	"strconv"
	"strings"
)

// A Budget is how many bad records a run puts up with: a number, or a part of all lines. The zero Budget is none.
type Budget struct {
	N       int64
	Percent float64 // of the lines read; if it is not 0, N is not looked at
}

// ParseBudget reads "10" or "0.5%".
func ParseBudget(s string) (Budget, error) {
	if p, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return Budget{}, fmt.Errorf("%q is not a percentage between 0%% and 100%%", s)
		}
		return Budget{Percent: f}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return Budget{}, fmt.Errorf("%q is neither a number of records nor a percentage", s)
	}
	return Budget{N: n}, nil
}

// limit is the number of bad records that a task may find before the run is known to fail.
func (b Budget) limit() int64 {
	if b.Percent > 0 {
		return -1 // known when all lines are
	}
	return b.N
}

// Exceeded reports whether bad records of so many lines are too many. With a percentage, only all lines tell.
func (b Budget) Exceeded(bad, lines int64) bool {
	if b.Percent > 0 {
		return float64(bad)*100 > b.Percent*float64(lines)
	}
	return bad > b.N
}
