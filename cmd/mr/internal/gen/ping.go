package gen

import (
	"iter"
	"math/rand/v2"
	"strconv"
)

// Ping is one record: the values of the schema's dimensions as its info has them (not cleaned), its id, and its JSON.
type Ping struct {
	Dims       []string
	Key, Value []byte
}

// Pings makes pings. It is for one goroutine.
type Pings struct {
	seed  uint64
	small bool
	files []file
	idle  numbers

	src    *rand.PCG
	rng    *rand.Rand
	line   []byte // the last ping: key, TAB, value, LF
	counts []uint32
	raw    bool // histograms are as browsers send them
}

// NewPings returns the pings that Run would write with these options. Dir and Codec do not matter.
func NewPings(o Options) (*Pings, error) {
	o.Dir = "."
	o, v, err := o.resolve()
	if err != nil {
		return nil, err
	}
	return newPings(o.Seed, v.small, plan(o, v)), nil
}

func newPings(seed uint64, small bool, files []file) *Pings {
	src := rand.NewPCG(0, 0)
	return &Pings{
		seed: seed, small: small, files: files, idle: idleNumbers(files),
		src: src, rng: rand.New(src),
		counts: make([]uint32, maxBuckets),
	}
}

// All yields every ping, file after file. Key and Value are valid until the next one.
func (p *Pings) All() iter.Seq[Ping] {
	return func(yield func(Ping) bool) {
		for i := range p.files {
			f := &p.files[i]
			dims := f.dims()
			for k := range f.pings {
				p.make(f, f.first+uint64(k))
				if !yield(Ping{Dims: dims, Key: p.line[:keyLen], Value: p.line[keyLen+1 : len(p.line)-1]}) {
					return
				}
			}
		}
	}
}

const (
	keyLen = 36 // of a UUID as text

	// repeated is the share of the saved-session pings whose id an idle-daily ping has too: the same session, reported
	// again at its end.
	repeated = 0.04
	// noOS is the share of the pings without info.OS.
	noOS = 0.002
)

// reseed turns to the n-th source of a stream.
func (p *Pings) reseed(stream, n uint64) {
	s := mix(p.seed, stream)
	p.src.Seed(s, mix(s, n))
}

// make puts ping number n, of file f, into p.line.
func (p *Pings) make(f *file, n uint64) {
	m := p.begin(f, n)
	d := append(p.line, `{"ver":2,`...)
	d = p.appendBody(d, f, m)
	p.line = append(d, "}\n"...)
}

// begin puts the key of ping number n into p.line, with a TAB. The id's number decides about the key and the machine, the
// ping's own number about the rest.
func (p *Pings) begin(f *file, n uint64) machine {
	id := n
	p.reseed(streamPing, n)
	if f.reason == "saved-session" && p.rng.Float64() < repeated {
		if k, ok := p.idle.draw(p.rng); ok {
			id = k
		}
	}
	p.reseed(streamID, id)
	p.line = appendUUID(p.line[:0], p.rng.Uint64(), p.rng.Uint64())
	p.line = append(p.line, '\t')
	m := newMachine(p.rng, f.app)

	p.reseed(streamPing, n^1<<63)
	if p.rng.Float64() < noOS {
		m.os = ""
	}
	return m
}

// appendBody appends the members that pings of all versions have.
func (p *Pings) appendBody(d []byte, f *file, m machine) []byte {
	d = append(d, `"info":{`...)
	d = m.appendInfo(d, p.rng, &f.origin)
	d = append(d, `},"simpleMeasurements":{`...)
	d = m.appendMeasurements(d, p.rng)
	d = append(d, `},"histograms":{`...)
	d = p.appendHistograms(d, m)
	d = append(d, `},"slowSQL":{`...)
	d = appendSlowSQL(d, p.rng, p.small)
	return append(d, `},"addonHistograms":{},"chromeHangs":{"memoryMap":[],"stacks":[]},"lateWrites":{"memoryMap":[],"stacks":[]}`...)
}

// appendUUID appends a random (version 4) UUID.
func appendUUID(d []byte, hi, lo uint64) []byte {
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(0xc<<60) | 0x8<<60
	for i, v := range [2]uint64{hi, lo} {
		for n := 15; n >= 0; n-- {
			if k := i*16 + 15 - n; k == 8 || k == 12 || k == 16 || k == 20 {
				d = append(d, '-')
			}
			d = append(d, "0123456789abcdef"[v>>(4*n)&15])
		}
	}
	return d
}

// The pieces of JSON: no string here needs an escape.

func appendString(d []byte, name, value string) []byte {
	d = append(d, '"')
	d = append(d, name...)
	d = append(d, `":"`...)
	d = append(d, value...)
	return append(d, `",`...)
}

func appendInt(d []byte, name string, value int) []byte {
	d = append(d, '"')
	d = append(d, name...)
	d = append(d, `":`...)
	d = strconv.AppendInt(d, int64(value), 10)
	return append(d, ',')
}

func appendBool(d []byte, name string, value bool) []byte {
	d = append(d, '"')
	d = append(d, name...)
	d = append(d, `":`...)
	d = strconv.AppendBool(d, value)
	return append(d, ',')
}

// trimComma removes the comma after the last member.
func trimComma(d []byte) []byte {
	if d[len(d)-1] == ',' {
		return d[:len(d)-1]
	}
	return d
}
