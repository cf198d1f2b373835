package job

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// Simple is the definition of all simple measures.
const (
	SimplePrefix  = "SIMPLE_MEASURES_"
	SimpleLow     = 1
	SimpleHigh    = 30000
	SimpleBuckets = 50
)

var simpleRanges = sync.OnceValue(func() []int64 {
	d := histogram.Definition{Kind: "exponential", Low: SimpleLow, High: SimpleHigh, Buckets: SimpleBuckets}
	return d.Ranges()
})

// emitSimple emits the simple measures of a ping: each number is a histogram of one sample.
func emitSimple(measures storage.Value, key Key, out *emitter) {
	for name, v := range measures.Members() {
		if members, ok := v.Object(); ok {
			for member, v := range members {
				emitSample(name+"_"+member, v, key, out)
			}
			continue
		}
		emitSample(name, v, key, out)
	}
}

func emitSample(name string, v storage.Value, key Key, out *emitter) {
	x, ok := v.Float()
	switch {
	case !ok:
		out.Count("simple measure that is no number", 1)
		return
	case x < 0:
		out.Count("simple measure below zero", 1)
		return
	case x > 1<<53:
		out.Count("simple measure beyond 2^53", 1)
		return
	}
	if key.Measure = simpleName(name); key.Measure == "" {
		out.Count("simple measure with a name that none has", 1)
		return
	}
	var elements [SimpleBuckets + 5]float64
	i, found := slices.BinarySearch(simpleRanges(), int64(x))
	if !found {
		i--
	}
	log := math.Log(x + 1)
	elements[i] = 1
	copy(elements[SimpleBuckets:], []float64{x, log, log * log, -1, -1})
	key.Missing = 0b11000
	out.Emit(key, histogram.Of(elements[:]...))
}

// simpleNames remembers what simpleName has returned. Names come from pings, so it remembers so many and no more.
var simpleNames struct {
	sync.RWMutex
	of map[string]string
}

// simpleName returns the name of the measure, "" if it cannot be one.
func simpleName(name string) string {
	n := &simpleNames
	n.RLock()
	measure, ok := n.of[name]
	n.RUnlock()
	if ok {
		return measure
	}
	if measure = SimplePrefix + strings.ToUpper(name); !isMeasure(measure) {
		measure = ""
	}
	n.Lock()
	defer n.Unlock()
	if n.of == nil {
		n.of = map[string]string{}
	}
	if len(n.of) < 4096 {
		n.of[strings.Clone(name)] = measure
	}
	return measure
}
