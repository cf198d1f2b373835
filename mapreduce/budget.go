package mapreduce

import (
	"fmt"
	"strconv"
	"strings"
)

// A Budget is how much bad data a run puts up with: a number of bad records and damaged files together, or a part of the
// input. The zero Budget is none.
//
// As a part of the input, a damaged file counts by its share of the files or of the stored bytes, whichever is more, and bad
// records by their share of the lines of what is left. So 100% allows everything, and 1% fails a run that lost one file of 50,
// or a small one among them that has most of the bytes.
type Budget struct {
	N       int64
	Percent float64 // if it is not 0, N is not looked at
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

// none reports whether the budget is none at all.
func (b Budget) none() bool { return b.Percent == 0 && b.N == 0 }

// limit is the number of bad records that a task may find before the run is known to fail.
func (b Budget) limit() int64 {
	if b.Percent > 0 {
		return -1 // known when all lines are
	}
	return b.N
}

// Exceeded reports whether bad records of so many lines are too many. With a percentage, only all lines tell.
func (b Budget) Exceeded(bad, lines int64) bool { return b.exceeded(bad, lines, 0, share{0, 1}) }

// exceeded is Exceeded with damaged files, which are so much of the input.
func (b Budget) exceeded(bad, lines, damaged int64, s share) bool {
	if b.Percent == 0 {
		return bad+damaged > b.N
	}
	part, whole, rest := float64(s.part), float64(s.whole), float64(max(lines, 1))
	return (part*rest+(whole-part)*float64(bad))*100 > b.Percent*whole*rest
}

// A share is part/whole, which is not 0.
type share struct{ part, whole int64 }
