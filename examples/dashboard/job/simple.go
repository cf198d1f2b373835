package job

import (
	"math"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

const (
	SimplePrefix  = "SIMPLE_MEASURES_"
	simpleBuckets = 50

	// MaxSimple is how many simple measures of a release are kept, those with most pings: their names come from pings.
	MaxSimple = 1000
)

// Simple is the definition of all simple measures.
var Simple = histogram.Definition{Kind: "exponential", Low: 1, High: 30000, Buckets: simpleBuckets}

// simpleMeasures adds the members of the object v: each number is a histogram of one sample.
func (p *pingWriter) simpleMeasures(v storage.Value) {
	for name, v := range v.Members() {
		if members, ok := v.Object(); ok {
			for member, v := range members {
				p.simple(name+"_"+member, v)
			}
			continue
		}
		p.simple(name, v)
	}
}

func (p *pingWriter) simple(name string, v storage.Value) {
	x, ok := v.Float()
	reason := ""
	switch {
	case !ok:
		reason = "simple measure that is no number"
	case x < 0:
		reason = "simple measure below zero"
	case x > 1<<53:
		reason = "simple measure beyond 2^53"
	default:
		if name = simpleName(name); name == "" {
			reason = "simple measure with a name that none has"
		}
	}
	if reason != "" {
		p.refused.add(Refused, reason)
		return
	}
	bucket, found := slices.BinarySearch(Simple.Ranges(), int64(x))
	if !found {
		bucket--
	}
	const sum, logSum, logSquares = simpleBuckets, simpleBuckets + 1, simpleBuckets + 2
	start := len(p.b)
	p.b = appendInt(beginEntry(p.b, name), bucket, 1)
	switch whole := x == math.Trunc(x) && x < maxInt; {
	case whole && x > 0:
		p.b = appendInt(p.b, sum, uint64(x))
	case !whole:
		p.b = appendFloat(p.b, sum, x)
	}
	log := math.Log(x + 1)
	p.b = appendFloat(p.b, logSum, log)
	p.b = appendFloat(p.b, logSquares, log*log)
	endEntry(p.b[start:], 0b11000, simpleBuckets+summaryLen, 1)
}

// simpleNames are what simpleName has returned.
var simpleNames memo[string, string]

// simpleName returns the name of the measure, "" if it cannot be one.
func simpleName(name string) string {
	measure, ok := simpleNames.get(name)
	if ok {
		return measure
	}
	if measure = SimplePrefix + strings.ToUpper(name); !isMeasure(measure) {
		measure = ""
	}
	if len(name) <= maxArgument {
		simpleNames.put(strings.Clone(name), measure)
	}
	return measure
}
