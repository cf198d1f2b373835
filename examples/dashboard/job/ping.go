package job

import (
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// A pingWriter writes the binary form of what one ping says.
type pingWriter struct {
	b       []byte
	refused counts
}

// measures adds those of a ping. buf is a buffer of the record, which package histogram uses, too. Each part of the ping is looked
// at once, the first of its name.
func (p *pingWriter) measures(ping storage.Value, buf *[]byte) {
	histograms, simple := false, false
	ping.Walk(func(name string, member storage.Value) (size int, more bool) {
		switch {
		case name == "histograms" && !histograms:
			histograms = true
			size = p.histograms(member, buf)
		case name == "simpleMeasurements" && !simple:
			simple = true
			p.simpleMeasures(member)
		}
		if histograms && simple {
			return 0, false
		}
		if size == 0 {
			size = len(member.Raw())
		}
		return size, size > 0
	})
}

// histograms adds the members of the object v, and returns its size, 0 if it is no object.
func (p *pingWriter) histograms(v storage.Value, buf *[]byte) (size int) {
	return v.Walk(func(name string, member storage.Value) (size int, more bool) {
		if isMeasure(name) {
			if p.b, size = appendPlain(p.b, name, member.Rest()); size > 0 {
				return size, true
			}
		}
		raw := member.Raw()
		if raw == nil {
			return 0, false // malformed
		}
		*buf = p.b
		a, ok := histogram.Parse(member)
		reason := ""
		if reason = refusal(name, a, ok); reason == "" {
			p.array(name, a.Clone())
		} else {
			p.refused.add(Refused, reason)
		}
		return len(raw), true
	})
}

// refusal says why an array is no histogram that can be added up, or is empty.
func refusal(name string, a histogram.Array, ok bool) string {
	if !ok {
		return "histogram that is no array of numbers"
	}
	shape := a.Shape()
	switch {
	case !isMeasure(name):
		return "histogram with a name that none has"
	case !shape.Counts || shape.Negative || shape.Missing&1 != 0: // without a sum, the means of all would be wrong
		return "histogram with a number below zero, or with parts of samples"
	case shape.Large:
		return "histogram with a number beyond 2^53"
	case shape.Len > maxLen:
		return "histogram with more than 10000 numbers"
	}
	return ""
}

// array adds an array that is not refused.
func (p *pingWriter) array(name string, a histogram.Array) {
	shape := a.Shape()
	start := len(p.b)
	p.b = beginEntry(p.b, name)
	for i, x := range a.Elements() {
		n := uint64(x)
		switch k := i - (shape.Len - summaryLen); {
		case x == 0, k >= 0 && shape.Missing>>k&1 != 0:
		case float64(n) == x && n < maxInt:
			p.b = appendInt(p.b, i, n)
		default:
			p.b = appendFloat(p.b, i, x)
		}
	}
	endEntry(p.b[start:], shape.Missing, shape.Len, 1)
}
