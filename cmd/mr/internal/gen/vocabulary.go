package gen

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
)

// kind is a kind of histogram.
type kind uint8

const (
	exponential kind = iota
	linear
	enumerated
	boolean
	flag
)

// code is how browsers write a kind.
func (k kind) code() byte {
	return "01123"[k]
}

// String is how their source has it.
func (k kind) String() string {
	return [...]string{"exponential", "linear", "enumerated", "boolean", "flag"}[k]
}

// definition is a made-up histogram: what a client would know of it, and how its values fall.
type definition struct {
	name string
	kind kind
	high int64     // what the source says of the largest bucket
	low  []int64   // lower bounds of the buckets
	ln   []float64 // ln(1 + low), and one more for what is above the last

	common  float64 // chance that a ping has it
	quiet   float64 // chance that all its samples are zero
	noLogs  bool    // log_sum and log_sum_squares stay 0, as in some exponential histograms of the time
	samples float64 // logarithm of the usual number of samples
	centre  float64 // bucket of the usual value, as a share of all
	width   float64 // of the hill around it, the same way
}

const (
	histograms = 400
	maxBuckets = 101
)

// vocabulary returns the histograms of every store, in the order in which pings have them. They do not depend on a seed.
var vocabulary = sync.OnceValue(newVocabulary)

var (
	areas = strings.Fields("CANVAS COMPOSITOR DECODER DISK FONT FORM FRAME GLYPH HISTORY IMAGE INDEX JOURNAL LAYER LOADER MEDIA " +
		"PAINT PARSER PLUGIN PREFETCH PROXY QUOTA RENDER SANDBOX SCRIPT SEARCH SESSION SOCKET STYLE SYNC TAB THUMBNAIL WINDOW WORKER")
	topics = strings.Fields("BACKLOG BATCH CACHE CLOSE COMMIT COPY EVICT FLUSH HANDSHAKE IDLE INIT LOCK LOOKUP MISS OPEN PURGE QUEUE READ " +
		"REBUILD REFLOW RESUME RETRY ROUNDTRIP SCAN SHUTDOWN STALL STARTUP SWEEP UPLOAD VALIDATE WAIT WRITE")
	units = map[kind][]string{
		exponential: {"MS", "MS", "MS", "KB", "US", "COUNT"},
		linear:      {"PERCENT", "RATIO"},
		enumerated:  {"RESULT", "REASON", "TYPE"},
		boolean:     {"SUCCESS", "HIT", "ENABLED"},
		flag:        {"SEEN", "USED"},
	}
)

func newVocabulary() []definition {
	rng := rand.New(rand.NewPCG(2013, 10))
	seen := make(map[string]bool)
	list := make([]definition, 0, histograms)
	for len(list) < histograms {
		d := newDefinition(rng)
		name := areas[rng.IntN(len(areas))] + "_" + topics[rng.IntN(len(topics))]
		if rng.IntN(3) == 0 {
			name += "_" + topics[rng.IntN(len(topics))]
		}
		name += "_" + units[d.kind][rng.IntN(len(units[d.kind]))]
		if seen[name] {
			continue
		}
		seen[name] = true
		d.name = name
		list = append(list, d)
	}
	return list
}

func newDefinition(rng *rand.Rand) definition {
	d := definition{
		common:  0.03 + 0.9*math.Pow(rng.Float64(), 1.6),
		samples: 0.2 + 5.6*math.Pow(rng.Float64(), 1.3),
		centre:  0.1 + 0.55*rng.Float64(),
		width:   0.05 + 0.20*rng.Float64(),
		noLogs:  rng.IntN(2) == 0,
	}
	if rng.IntN(6) == 0 {
		d.quiet = 0.6 + 0.4*rng.Float64()
	}
	high := []int64{1000, 3000, 10000, 30000, 60000, 500000}[rng.IntN(6)]
	switch n := rng.IntN(100); {
	case n < 25:
		d.kind, d.low = exponential, exponentialBounds(1, high, 50)
	case n < 55:
		d.kind, d.low = exponential, exponentialBounds(1, high, 10)
	case n < 68:
		d.kind, d.low = exponential, exponentialBounds(1, high, []int{12, 15, 20, 20, 30}[rng.IntN(5)])
	case n < 73:
		d.kind, d.low = linear, linearBounds(1, 100, []int{10, 20, 20, 50}[rng.IntN(4)])
	case n < 79:
		n := []int{4, 5, 8, 10, 16, 16, 30, 50, 100}[rng.IntN(9)]
		d.kind, d.low = enumerated, linearBounds(1, int64(n), n+1)
	case n < 93:
		d.kind, d.low = boolean, []int64{0, 1, 2}
	default:
		d.kind, d.low = flag, []int64{0, 1, 2}
	}
	d.high = d.low[len(d.low)-1]
	for _, low := range d.low {
		d.ln = append(d.ln, math.Log(float64(1+low)))
	}
	d.ln = append(d.ln, d.ln[len(d.ln)-1]+0.7)
	return d
}

// exponentialBounds returns n lower bounds from 0, then low, to high, each a constant factor above the one before it, but
// at least one.
func exponentialBounds(low, high int64, n int) []int64 {
	bounds := make([]int64, n)
	bounds[1] = low
	for i := 2; i < n; i++ {
		last := float64(bounds[i-1])
		step := math.Log(float64(high)/last) / float64(n-i)
		bounds[i] = max(int64(math.Round(last*math.Exp(step))), bounds[i-1]+1)
	}
	return bounds
}

// linearBounds returns n lower bounds from 0, then low, to high, at equal distances.
func linearBounds(low, high int64, n int) []int64 {
	bounds := make([]int64, n)
	for i := 1; i < n; i++ {
		bounds[i] = low + int64(math.Round(float64((high-low)*int64(i-1))/float64(n-2)))
	}
	return bounds
}
