package histogram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Pack appends the stored form of a histogram to dst. raw is the JSON object that a browser sends:
//
//	{"range":[1,3000],"bucket_count":10,"histogram_type":0,"values":{"0":0,"1":12,"3":0},"sum":12,"log_sum":8.3,...}
//
// The counts come to stand at the places of their buckets, all other buckets have 0, and a summary value that is missing
// is -1. Counts and summary values keep their digits, however many they are; a summary value may be any JSON, of which
// no blank and nothing but ASCII is left. Members that mean nothing to Pack are only looked at so far as to find their end.
//
// The error is a *PackError; dst is then returned as it was. There is one exception, on which the caller decides: when the
// histogram says of itself that it has other buckets than the definition, but all its counts have a place, the array has
// been appended, and Fault.Packed tells so. The converter of 2013 did not look at this.
//
// Pack may be called by several goroutines. It allocates if dst has no room, if there is an error, or for the counts of
// more than 128 buckets if they are not in order.
func (d *Definition) Pack(dst, raw []byte) ([]byte, error) {
	if packed := d.packUsual(dst, raw); packed != nil {
		return packed, nil
	}
	p := packer{d: d, ranges: d.Ranges(), b: raw, dst: dst, start: len(dst)}
	if err := p.histogram(); err != nil {
		return dst, err
	}
	if err := p.appendSummary(); err != nil {
		return dst, err
	}
	return p.dst, p.compare()
}

// A packer packs one histogram.
type packer struct {
	d      *Definition
	ranges []int64
	b      []byte // the histogram
	dst    []byte
	start  int // of the array in dst

	kind, bounds, count span
	summary             [summaryLen]span
}

// A span is a part of a text, the empty one at 0 if there is none.
type span struct{ from, to int }

// histogram appends the counts and finds the other members. Of equal names, the last counts.
func (p *packer) histogram() error {
	i, more := enter(p.b, skipBlanks(p.b, 0), '{')
	for more {
		from := i
		if i = skipString(p.b, from); i < 0 {
			return p.malformed(from)
		}
		name := p.b[from:i]
		if i = skipColon(p.b, i); i < 0 {
			return p.malformed(from)
		}
		var err error
		if i, err = p.member(name, i); err != nil {
			return err
		}
		from = i
		if i, more = next(p.b, i, '}'); i < 0 {
			return p.malformed(from)
		}
	}
	switch {
	case i < 0:
		return p.fault(FaultSyntax, "%.40q is not an object", p.b)
	case skipBlanks(p.b, i) < len(p.b):
		return p.malformed(i)
	case len(p.dst) == p.start:
		return p.fault(FaultValues, `there are no "values"`)
	}
	return nil
}

// member takes the value at i of the member with a name, in quotes.
func (p *packer) member(name []byte, i int) (end int, err error) {
	if bytes.IndexByte(name, '\\') >= 0 {
		var s string
		if json.Unmarshal(name, &s) != nil {
			return 0, p.malformed(i)
		}
		name = []byte(`"` + s + `"`)
	}
	if string(name) == `"values"` {
		if i == len(p.b) || p.b[i] != '{' {
			return 0, p.fault(FaultValues, `"values" is not an object`)
		}
		return p.values(i)
	}
	if end = skipValue(p.b, i); end < 0 {
		return 0, p.malformed(i)
	}
	v := span{i, end}
	switch string(name) {
	case `"range"`:
		p.bounds = v
	case `"bucket_count"`:
		p.count = v
	case `"histogram_type"`:
		p.kind = v
	case `"sum"`:
		p.summary[0] = v
	case `"log_sum"`:
		p.summary[1] = v
	case `"log_sum_squares"`:
		p.summary[2] = v
	case `"sum_squares_lo"`:
		p.summary[3] = v
	case `"sum_squares_hi"`:
		p.summary[4] = v
	}
	return end, nil
}

// values appends the counts of the object at open. Browsers send them in the order of the buckets; when that fails, it is
// done again with a list of them.
func (p *packer) values(open int) (end int, err error) {
	p.dst = append(p.dst[:p.start], '[')
	bucket := 0
	i, more := enter(p.b, open, '{')
	for more {
		e, err := p.entry(i, bucket)
		if err != nil {
			return 0, err
		}
		if e.bucket < bucket {
			return p.scattered(open)
		}
		if e.bucket > bucket {
			p.dst = appendZeroCounts(p.dst, e.bucket-bucket)
		}
		p.dst = append(append(p.dst, p.b[e.from:e.to]...), ',')
		bucket = e.bucket + 1
		if i, more = next(p.b, e.to, '}'); i < 0 {
			return 0, p.malformed(e.to)
		}
	}
	if i < 0 {
		return 0, p.malformed(open)
	}
	p.dst = appendZeroCounts(p.dst, len(p.ranges)-bucket)
	return i, nil
}

// scattered is values for counts in any order, and with equal keys.
func (p *packer) scattered(open int) (end int, err error) {
	var room [128]span // enough for most
	counts := room[:]
	if len(p.ranges) > len(room) {
		counts = make([]span, len(p.ranges))
	}
	counts = counts[:len(p.ranges)]
	i, more := enter(p.b, open, '{')
	for more {
		e, err := p.entry(i, 0)
		if err != nil {
			return 0, err
		}
		counts[e.bucket] = e.span
		if i, more = next(p.b, e.to, '}'); i < 0 {
			return 0, p.malformed(e.to)
		}
	}
	p.dst = append(p.dst[:p.start], '[')
	for _, at := range counts {
		if at.to == 0 {
			p.dst = append(p.dst, '0', ',')
		} else {
			p.dst = append(append(p.dst, p.b[at.from:at.to]...), ',')
		}
	}
	return i, nil
}

// An entry is a member of "values": the count is at the span.
type entry struct {
	bucket int
	span
}

// entry reads the entry at i, which is likely to be that of a bucket.
func (p *packer) entry(i, likely int) (e entry, err error) {
	b := p.b
	from := i
	bound, i := quotedNatural(b, from)
	switch {
	case i < 0:
		return e, p.notBucket(from)
	case likely < len(p.ranges) && p.ranges[likely] == bound:
		e.bucket = likely
	default:
		if e.bucket = p.d.index(bound); e.bucket < 0 {
			return e, p.notBucket(from)
		}
	}
	if i = skipColon(b, i); i < 0 {
		return e, p.malformed(from)
	}
	end, integer := skipNumber(b, i)
	if !integer {
		if skipValue(b, i) < 0 {
			return e, p.malformed(i)
		}
		return e, p.fault(FaultCount, "the count of bucket %d is not an integer", p.ranges[e.bucket])
	}
	if b[i] == '-' && b[i+1] == '0' {
		i++
	}
	e.span = span{i, end}
	return e, nil
}

func (p *packer) notBucket(i int) error {
	end := skipString(p.b, i)
	if end < 0 {
		return p.malformed(i)
	}
	return p.fault(FaultBucket, "%.40s is the lower bound of no bucket", p.b[i:end])
}

var zeroCounts = strings.Repeat("0,", 100)

func appendZeroCounts(dst []byte, n int) []byte {
	for ; n > 100; n -= 100 {
		dst = append(dst, zeroCounts...)
	}
	return append(dst, zeroCounts[:2*n]...)
}

func (p *packer) appendSummary() error {
	for _, at := range p.summary {
		switch text := p.text(at); {
		case len(text) == 0:
			p.dst = append(p.dst, "-1"...)
		case text[0] == '"' || text[0] == '{' || text[0] == '[':
			if !json.Valid(text) {
				return p.malformed(at.from)
			}
			p.dst = appendCompact(p.dst, text)
		default:
			p.dst = append(p.dst, text...)
		}
		p.dst = append(p.dst, ',')
	}
	p.dst[len(p.dst)-1] = ']'
	return nil
}

// compare looks at what the histogram says of itself.
func (p *packer) compare() error {
	if p.kind.to > 0 && !p.isNumber(p.kind, p.d.code()) {
		return p.fault(FaultType, "histogram_type is %.40s, and %d for %s", p.text(p.kind), p.d.code(), p.d.Kind)
	}
	if p.bounds.to > 0 && !p.isRange(p.bounds) {
		return p.fault(FaultRange, "range is %.40s, not [%d,%d]", p.text(p.bounds), p.d.Low, p.d.High)
	}
	if p.count.to > 0 && !p.isNumber(p.count, p.d.Buckets) {
		return p.fault(FaultBucketCount, "bucket_count is %.40s, not %d", p.text(p.count), p.d.Buckets)
	}
	return nil
}

func (p *packer) isNumber(at span, n int64) bool {
	got, end := natural(p.b, at.from)
	return end == at.to && got == n
}

func (p *packer) isRange(at span) bool {
	i, _ := enter(p.b, at.from, '[')
	if i < 0 {
		return false
	}
	low, i := natural(p.b, i)
	if i < 0 {
		return false
	}
	if i, _ = next(p.b, i, ']'); i < 0 {
		return false
	}
	high, i := natural(p.b, i)
	return i > 0 && skipBlanks(p.b, i) == at.to-1 && low == p.d.Low && high == p.d.High
}

func (p *packer) text(at span) []byte { return p.b[at.from:at.to] }

func (p *packer) malformed(i int) error {
	return p.fault(FaultSyntax, "malformed at byte %d", i)
}

func (p *packer) fault(f Fault, format string, args ...any) error {
	return &PackError{Name: p.d.Name, Fault: f, Detail: fmt.Sprintf(format, args...)}
}
