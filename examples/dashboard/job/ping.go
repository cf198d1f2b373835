package job

import (
	"encoding/binary"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/exact"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// A pingWriter writes the binary form of what one ping says.
type pingWriter struct {
	b       []byte
	refused counts
}

func beginPing(dst []byte, key Key) []byte { return appendPlace(dst, key.Built, key.Leaf, 1) }

// histograms adds the members of the object v. buf is a buffer of the record, which package histogram uses, too.
func (p *pingWriter) histograms(v storage.Value, buf *[]byte) {
	v.Walk(func(name string, member storage.Value) (size int, more bool) {
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
	start, ints := len(p.b), 0
	p.b = beginEntry(p.b, name)
	var floats []byte
	for i, x := range a.Elements() {
		n := uint64(x)
		switch k := i - (shape.Len - summaryLen); {
		case x == 0, k >= 0 && shape.Missing>>k&1 != 0:
		case float64(n) == x && n < maxInt:
			p.b = appendInt(p.b, i, n)
			ints++
		default:
			floats = appendFloat(floats, i, x)
		}
	}
	p.b = append(p.b, floats...)
	endEntry(p.b[start:], shape.Missing, shape.Len, ints, len(floats), 1)
}

// fourZeros is "0,0,0,0,".
const fourZeros = 0x2c302c302c302c30

// appendPlain appends the entry of the array that text begins with, if it is such as browsers send: without blanks, of natural
// numbers and, in the summary, decimals and -1. It returns the size of the text, 0 if it is another or refused: package
// histogram looks at it then.
func appendPlain(dst []byte, name string, text []byte) (appended []byte, size int) {
	const (
		maxInts   = 12 // digits, less than maxInt
		maxDigits = 19
	)
	if len(text) < 2 || text[0] != '[' {
		return dst, 0
	}
	start := len(dst)
	b := beginEntry(dst, name)
	ints := len(b)
	var missing, floatAt [summaryLen]int // indexes
	var floats [summaryLen]float64
	nm, nf := 0, 0
	i, k := 1, 0
	for ; ; k++ {
		for len(text)-i >= 8 {
			w := binary.LittleEndian.Uint64(text[i:])
			if w == fourZeros {
				i += 8
				k += 4
				continue
			}
			digit := uint64(byte(w) - '0')
			if digit > 9 || byte(w>>8) != ',' {
				break
			}
			if digit > 0 {
				b = appendInt(b, k, digit)
			}
			i += 2
			k++
		}
		if len(text)-i < 4 || k >= maxLen {
			return dst, 0
		}
		from := i
		m, end := digits(text, from, 0)
		n := end - from
		switch i = end; {
		case n > 1 && text[from] == '0' || n > maxInts || i+1 >= len(text):
			return dst, 0
		case n > 0 && text[i] == '.' && nf < len(floats):
			var places int
			m, i = digits(text, i+1, m)
			if places = i - from - n - 1; places == 0 || n+places > maxDigits {
				return dst, 0
			}
			floats[nf], floatAt[nf] = exact.Decimal(m, places), k
			nf++
		case n > 0:
			if m > 0 {
				b = appendInt(b, k, m)
			}
		case text[i] == '-' && text[i+1] == '1' && nm < len(missing):
			missing[nm] = k
			nm++
			i += 2
		default:
			return dst, 0
		}
		if i >= len(text) {
			return dst, 0
		}
		c := text[i]
		i++
		if c == ']' {
			k++
			break
		}
		if c != ',' {
			return dst, 0
		}
	}
	buckets := k - summaryLen
	if buckets < 0 || nm > 0 && missing[0] <= buckets || nf > 0 && floatAt[0] < buckets { // the sum may not be missing
		return dst, 0
	}
	var absent uint8
	for _, at := range missing[:nm] {
		absent |= 1 << (at - buckets)
	}
	floatBytes := len(b)
	for f, x := range floats[:nf] {
		b = appendFloat(b, floatAt[f], x)
	}
	endEntry(b[start:], absent, k, (floatBytes-ints)/8, len(b)-floatBytes, 1)
	return b, i
}

// digits appends the digits at i to the number m. It is of use only if m has 19 digits then at most.
func digits(text []byte, i int, m uint64) (number uint64, end int) {
	for i < len(text) && text[i]-'0' <= 9 {
		m = 10*m + uint64(text[i]-'0')
		i++
	}
	return m, i
}
