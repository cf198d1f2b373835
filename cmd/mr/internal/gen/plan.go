package gen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/telemetry-mr/mr/storage"
)

// file is what a store's file is to hold, and the sizes it got.
type file struct {
	origin
	path  string // slash path below the store's root, without the codec's suffix
	first uint64 // number of its first ping
	pings int

	raw, stored int64
}

// origin is what the pings of one file have in common, as their info says it: not yet cleaned by the schema.
type origin struct {
	reason, app, channel, version, build, date string
	day                                        time.Time // of submission
	major                                      int
}

// dims returns the values of the schema's dimensions, in its order.
func (o *origin) dims() []string {
	return []string{o.reason, o.app, o.channel, o.version, o.build, o.date}
}

// mix turns a seed and a number into a seed of their own (the finaliser of splitmix64).
func mix(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Streams of random numbers that must not meet: each is mixed into the seed.
const (
	streamPlan = iota
	streamOrigin
	streamID
	streamPing
	streamBuild
	streamRaw
)

// newRand returns the n-th random source of a stream.
func newRand(seed, stream, n uint64) *rand.Rand {
	s := mix(seed, stream)
	return rand.New(rand.NewPCG(s, mix(s, n)))
}

// plan draws the files of a store: their dimensions, and how the pings are shared out.
func plan(o Options, v variant) []file {
	schema := storage.DefaultSchema()
	files := make([]file, o.Files)
	counts := share(o, v)
	var first uint64
	for i := range files {
		f := &files[i]
		rng := newRand(o.Seed, streamOrigin, uint64(i))
		f.origin = newOrigin(o.Seed, rng)
		f.path = fmt.Sprintf("%s.%016x", schema.Path(f.dims()), mix(o.Seed, uint64(i)))
		f.first, f.pings = first, counts[i]
		first += uint64(counts[i])
	}
	return files
}

// share returns the pings of each file: at least one, o.Pings together.
func share(o Options, v variant) []int {
	rng := newRand(o.Seed, streamPlan, 0)
	weights := make([]float64, o.Files)
	var total float64
	for i := range weights {
		weights[i] = math.Exp(v.sigma * rng.NormFloat64())
		total += weights[i]
	}
	if v.giant > 0 && o.Files > 1 {
		total -= weights[0]
		weights[0] = total * v.giant / (1 - v.giant)
		total += weights[0]
	}
	counts := make([]int, o.Files)
	spare := o.Pings - o.Files
	given := 0
	for i, w := range weights {
		n := int(float64(spare) * (w / total))
		counts[i] = 1 + n
		given += n
	}
	for i := given; i < spare; i++ { // what rounding down left over
		counts[i%o.Files]++
	}
	return counts
}

// releases cycle in six weeks: on this day, a new nightly (version 27) began.
var cycleStart = time.Date(2013, time.September, 16, 0, 0, 0, 0, time.UTC)

const (
	cycleDays   = 42
	cycleMajor  = 27
	oldestMajor = 20
	newestMajor = 30
)

var (
	firstDay = time.Date(2013, time.October, 1, 0, 0, 0, 0, time.UTC)
	days     = 182 // to 31 March 2014
)

// newOrigin draws where the pings of a file came from: the application, what it was built from, and when they came.
func newOrigin(seed uint64, rng *rand.Rand) origin {
	var o origin
	o.day = firstDay.AddDate(0, 0, rng.IntN(days))
	o.date = o.day.Format("20060102")
	o.reason = pick(rng, reasons)
	o.app = pick(rng, apps)
	o.channel = pick(rng, channels)

	stage := stages[o.channel] // how many versions behind nightly
	cycle := int(o.day.Sub(cycleStart).Hours()/24) / cycleDays
	lag := 0
	for lag < 8 && rng.Float64() < 0.42 { // people who do not update
		lag++
	}
	o.major = min(max(cycleMajor+cycle-stage-lag, oldestMajor), newestMajor)

	// The build: a day of the version's time in the channel, not after the submission.
	begin := cycleStart.AddDate(0, 0, (o.major-cycleMajor+stage)*cycleDays)
	every := map[int]int{0: 1, 1: 1, 2: 7, 3: 21}[stage]
	span := max(min(int(o.day.Sub(begin).Hours()/24), cycleDays-1), 0)
	built := begin.AddDate(0, 0, span-span%every)
	if back := rng.IntN(4) * every; back <= span-span%every {
		built = built.AddDate(0, 0, -back)
	}
	clock := mix(mix(seed, streamBuild), uint64(built.Unix())^uint64(stage)<<50)
	o.build = built.Format("20060102") + fmt.Sprintf("%02d%02d%02d", 1+2*stage, clock%60, clock>>8%60)

	switch stage {
	case 0:
		o.version = fmt.Sprintf("%d.0a1", o.major)
	case 1:
		o.version = fmt.Sprintf("%d.0a2", o.major)
	case 2:
		o.version = fmt.Sprintf("%d.0", o.major)
	default:
		o.version = fmt.Sprintf("%d.0", o.major)
		if point := span / every; point > 0 {
			o.version = fmt.Sprintf("%d.0.%d", o.major, point)
		}
	}
	return o
}

// weighted is a value and how often it comes, of a thousand.
type weighted struct {
	value string
	share int
}

// pick draws one of the values. The shares add up to a thousand.
func pick(rng *rand.Rand, values []weighted) string {
	n := rng.IntN(1000)
	for _, v := range values {
		if n -= v.share; n < 0 {
			return v.value
		}
	}
	return values[len(values)-1].value
}

var (
	reasons  = []weighted{{"saved-session", 680}, {"idle-daily", 320}}
	apps     = []weighted{{"Firefox", 900}, {"Fennec", 75}, {"Thunderbird", 25}}
	channels = []weighted{{"nightly", 300}, {"aurora", 200}, {"beta", 250}, {"release", 230}, {"default", 20}}
	stages   = map[string]int{"nightly": 0, "default": 0, "aurora": 1, "beta": 2, "release": 3}
)

// numbers finds pings by the reason of their file: the idle-daily ones, whose ids come again in saved-session pings.
type numbers struct {
	ends   []uint64 // running totals of the pings of the idle-daily files
	firsts []uint64
}

func idleNumbers(files []file) numbers {
	var n numbers
	var total uint64
	for i := range files {
		if files[i].reason != "idle-daily" {
			continue
		}
		total += uint64(files[i].pings)
		n.ends = append(n.ends, total)
		n.firsts = append(n.firsts, files[i].first)
	}
	return n
}

// draw returns the number of one of the pings.
func (n numbers) draw(rng *rand.Rand) (number uint64, ok bool) {
	if len(n.ends) == 0 {
		return 0, false
	}
	k := rng.Uint64N(n.ends[len(n.ends)-1])
	i := sort.Search(len(n.ends), func(i int) bool { return n.ends[i] > k })
	if i > 0 {
		k -= n.ends[i-1]
	}
	return n.firsts[i] + k, true
}
