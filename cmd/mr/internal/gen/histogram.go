package gen

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// appendHistograms appends the members of a ping's histograms: those of the vocabulary that chance lets it have.
func (p *Pings) appendHistograms(d []byte, m machine) []byte {
	rng := p.rng
	some := 0.762 + 0.10*rng.NormFloat64()
	if p.small {
		some *= 0.2
	}
	long := 0.6 * rng.NormFloat64() // sessions differ in length
	all := vocabulary()
	for i := range all {
		def := &all[i]
		if rng.Float64() >= def.common*some {
			continue
		}
		d = append(append(append(d, '"'), def.name...), `":`...)
		counts := p.draw(def, long, m.slow)
		if p.raw {
			d = appendObject(d, rng, def, counts)
		} else {
			d = appendArray(d, rng, def, counts)
		}
		d = append(d, ',')
	}
	return trimComma(d)
}

// draw returns the counts of a histogram, valid until the next one.
func (p *Pings) draw(def *definition, long, slow float64) []uint32 {
	rng := p.rng
	counts := p.counts[:len(def.low)]
	clear(counts)
	n := uint32(1 + math.Exp(min(def.samples+long+0.7*rng.NormFloat64(), 11)))
	switch {
	case def.quiet > 0 && rng.Float64() < def.quiet:
		counts[0] = n
		if def.kind == flag {
			counts[0] = 1
		}
	case def.kind == flag:
		b := 0
		if rng.Float64() < 0.1 {
			b = 1
		}
		counts[b] = 1
	case def.kind == boolean:
		counts[1] = uint32(float64(n) * min(max(def.centre*1.6+0.05*rng.NormFloat64(), 0), 1))
		counts[0] = n - counts[1]
	case def.kind == enumerated:
		scatter(rng, counts, min(n, 6), def.centre, 0.08, max(n/6, 1))
	default:
		centre := def.centre + 0.04*slow + 0.03*rng.NormFloat64()
		if n < 12 {
			scatter(rng, counts, n, centre, def.width, 1)
		} else {
			hill(rng, counts, float64(n), centre, def.width)
		}
	}
	return counts
}

// appendArray appends a histogram as it is stored: the buckets, then sum, log_sum, log_sum_squares, sum_squares_lo and
// sum_squares_hi, where -1 stands for what this kind of histogram has not.
func appendArray(d []byte, rng *rand.Rand, def *definition, counts []uint32) []byte {
	d = appendCounts(append(d, '['), counts)
	s := summarise(rng, def, counts)
	d = strconv.AppendUint(d, s.sum, 10)
	if def.kind != exponential {
		d = append(d, ",-1,-1,"...)
		d = strconv.AppendUint(d, s.squares&math.MaxUint32, 10)
		d = append(d, ',')
		d = strconv.AppendUint(d, s.squares>>32, 10)
		return append(d, ']')
	}
	d = append(d, ',')
	d = strconv.AppendFloat(d, s.logSum, 'f', -1, 64)
	d = append(d, ',')
	d = strconv.AppendFloat(d, s.logSquares, 'f', -1, 64)
	return append(d, ",-1,-1]"...)
}

// appendObject appends a histogram as a browser sends it: with the buckets that hold something, and those beside them.
func appendObject(d []byte, rng *rand.Rand, def *definition, counts []uint32) []byte {
	d = append(d, `{"range":[1,`...)
	d = strconv.AppendInt(d, def.high, 10)
	d = append(d, `],"bucket_count":`...)
	d = strconv.AppendInt(d, int64(len(def.low)), 10)
	d = append(d, `,"histogram_type":`...)
	d = append(d, def.kind.code())
	d = append(d, `,"values":{`...)
	for b, c := range counts {
		if c == 0 && (b == 0 || counts[b-1] == 0) && (b+1 == len(counts) || counts[b+1] == 0) {
			continue
		}
		d = strconv.AppendInt(append(d, '"'), def.low[b], 10)
		d = strconv.AppendUint(append(d, `":`...), uint64(c), 10)
		d = append(d, ',')
	}
	s := summarise(rng, def, counts)
	d = strconv.AppendUint(append(trimComma(d), `},"sum":`...), s.sum, 10)
	if def.kind == exponential {
		d = strconv.AppendFloat(append(d, `,"log_sum":`...), s.logSum, 'f', -1, 64)
		d = strconv.AppendFloat(append(d, `,"log_sum_squares":`...), s.logSquares, 'f', -1, 64)
	} else {
		d = strconv.AppendUint(append(d, `,"sum_squares_lo":`...), s.squares&math.MaxUint32, 10)
		d = strconv.AppendUint(append(d, `,"sum_squares_hi":`...), s.squares>>32, 10)
	}
	return append(d, '}')
}

// scatter throws n samples, each worth so much, around the centre.
func scatter(rng *rand.Rand, counts []uint32, n uint32, centre, width float64, worth uint32) {
	last := float64(len(counts) - 1)
	for range n {
		b := (centre + width*rng.NormFloat64()) * last
		counts[int(min(max(b, 0), last))] += worth
	}
}

// bell is the normal distribution at quarters of its width.
var bell = func() (b [13]float64) {
	for i := range b {
		x := float64(i) / 4
		b[i] = math.Exp(-x * x / 2)
	}
	return b
}()

// hill spreads about n samples as a rough normal distribution.
func hill(rng *rand.Rand, counts []uint32, n, centre, width float64) {
	last := float64(len(counts) - 1)
	mid, w := centre*last, max(width*last, 0.4)
	top := n / (2.5 * w)
	lo, hi := int(max(mid-3*w, 0)), int(min(mid+3*w, last))
	for b := lo; b <= hi; b++ {
		x := math.Abs(float64(b)-mid) / w * 4
		if x > 12 {
			continue
		}
		noise := float64(rng.Uint64()>>40) / (1 << 24)
		counts[b] = uint32(top * bell[int(x)] * (0.85 + 0.3*noise))
	}
	counts[int(min(max(mid, 0), last))]++
}

var zeros = strings.Repeat("0,", maxBuckets)

// appendCounts appends the buckets, each with a comma after it.
func appendCounts(d []byte, counts []uint32) []byte {
	run := 0
	for _, c := range counts {
		if c == 0 {
			run++
			continue
		}
		if run > 0 {
			d = append(d, zeros[:2*run]...)
			run = 0
		}
		if c < 10 {
			d = append(d, '0'+byte(c), ',')
			continue
		}
		d = strconv.AppendUint(d, uint64(c), 10)
		d = append(d, ',')
	}
	return append(d, zeros[:2*run]...)
}

// summary is what a browser keeps of samples beside their counts. Which of it is sent depends on the kind.
type summary struct {
	sum, squares       uint64
	logSum, logSquares float64
}

// summarise returns numbers that could be those of samples in these buckets.
func summarise(rng *rand.Rand, def *definition, counts []uint32) (s summary) {
	for b, c := range counts {
		if c == 0 {
			continue
		}
		low, span := uint64(def.low[b]), uint64(1)
		if b+1 < len(def.low) {
			span = uint64(def.low[b+1]) - low
		}
		r := rng.Uint64() >> 32
		value := low + r*span>>32 // of the samples in this bucket, on average
		s.sum += uint64(c) * value
		switch {
		case def.kind != exponential:
			s.squares += uint64(c) * value * value
			continue
		case def.noLogs:
			continue
		}
		ln := def.ln[b]
		if span > 1 {
			ln += float64(r) / (1 << 32) * (def.ln[b+1] - ln)
		}
		n := float64(c)
		s.logSum += float64(n * ln)
		s.logSquares += float64(n * float64(ln*ln))
	}
	return s
}
