package histogram

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/telemetry-mr/mr/storage/digits"
)

// The functions here are for the one way in which browsers write a histogram: what it says of itself first, then the counts
// in the order of their buckets, then summary values in the order of the stored form, without a blank.
//
//	{"range":[1,3000],"bucket_count":10,"histogram_type":0,"values":{"0":0,"1":12,"3":0},"sum":12,"log_sum":8.3}
//
// They know it by the text that it has where nothing varies, and leave all else to those that read any JSON: counts of more
// than seven digits too, and those at which the text is nearly at its end.

// Usual returns how long the histogram is that text begins with, if it is written as browsers do, else 0. Such a histogram is
// valid JSON in ASCII, without blanks, and no object in it has two members of one name. Whether it fits a definition is not
// looked at.
func Usual(text []byte) int {
	i := skipText(text, 0, `{"range":[`)
	i = skipText(text, skipSmall(text, i), ",")
	i = skipText(text, skipSmall(text, i), `],"bucket_count":`)
	i = skipText(text, skipSmall(text, i), `,"histogram_type":`)
	i = skipText(text, skipSmall(text, i), `,"values":{`)
	if i = skipCounts(text, i); i < 0 {
		return 0
	}
	for k := range summaryStarts {
		if _, i = summaryValue(text, i, k); i < 0 {
			return 0
		}
	}
	if i == len(text) || text[i] != '}' {
		return 0
	}
	return i + 1
}

// usualHead is what the text of a usual histogram of d begins with.
func (d *Definition) usualHead() []byte {
	return fmt.Appendf(nil, `{"range":[%d,%d],"bucket_count":%d,"histogram_type":%d,"values":{`, d.Low, d.High, d.Buckets, d.code())
}

// packUsual is Pack for a usual histogram. It returns nil if raw is none, or does not fit the definition.
func (d *Definition) packUsual(dst, raw []byte) []byte {
	ranges := d.Ranges()
	if !bytes.HasPrefix(raw, d.head) {
		return nil
	}
	start := len(dst)
	// Each bucket that has no count takes two bytes; a count, and a summary value that is there, less than in raw.
	b := slices.Grow(dst, len(raw)+2*len(ranges)+32)
	b = b[:cap(b)]
	b[start] = '['
	at := start + 1
	bucket := 0
	i := len(d.head)
	for {
		bound, size := smallName(raw, i)
		if size == 0 {
			return nil
		}
		if bucket == len(ranges) || ranges[bucket] != bound {
			next := d.index(bound)
			if next < bucket {
				return nil
			}
			at = putZeroCounts(b, at, next-bucket)
			bucket = next
		}
		bucket++
		i += size
		end := skipSmall(raw, i)
		if end < 0 {
			return nil
		}
		binary.LittleEndian.PutUint64(b[at:at+8:at+8], digits.Word(raw, i))
		at += end - i
		b[at] = ','
		at++
		i = end + 1
		if raw[end] == '}' {
			break
		} else if raw[end] != ',' {
			return nil
		}
	}
	b = b[:putZeroCounts(b, at, len(ranges)-bucket)]
	for k := range summaryStarts {
		var from int
		if from, i = summaryValue(raw, i, k); i < 0 {
			return nil
		} else if from < i {
			b = append(append(b, raw[from:i]...), ',')
		} else {
			b = append(b, "-1,"...)
		}
	}
	if i != len(raw)-1 || raw[i] != '}' {
		return nil
	}
	b[len(b)-1] = ']'
	return b
}

// putZeroCounts writes n counts of 0 at a place, and maybe some bytes more, and returns the place behind them.
func putZeroCounts(b []byte, at, n int) int {
	end := at + 2*n
	for ; at < end; at += 8 {
		binary.LittleEndian.PutUint64(b[at:at+8:at+8], digits.FourZeros)
	}
	return end
}

// skipCounts goes over the counts behind the bracket before i, and over the one that closes it.
func skipCounts(b []byte, i int) int {
	if i < 0 {
		return -1
	}
	for last := int64(-1); ; {
		bound, size := smallName(b, i)
		if size == 0 || bound <= last {
			return -1
		}
		last = bound
		if i = skipSmall(b, i+size); i < 0 {
			return -1
		}
		i++
		if b[i-1] == '}' {
			return i
		} else if b[i-1] != ',' {
			return -1
		}
	}
}

// smallName reads the name of a count at i, with its colon. The size is 0 if there is none, or none of at most seven digits.
func smallName(b []byte, i int) (bound int64, size int) {
	if len(b)-i < len(`"1234567":`) || b[i] != '"' {
		return 0, 0
	}
	w := digits.Word(b, i+1)
	size = digits.In(w)
	if !isSmall(w, size) || b[i+1+size] != '"' || b[i+2+size] != ':' {
		return 0, 0
	}
	return int64(digits.Eight(w << (64 - 8*size))), size + len(`"":`)
}

// skipSmall goes over an integer of at most seven digits, behind which there must be something.
func skipSmall(b []byte, i int) int {
	if i < 0 || len(b)-i < 8 {
		return -1
	}
	w := digits.Word(b, i)
	size := digits.In(w)
	if !isSmall(w, size) {
		return -1
	}
	return i + size
}

// isSmall tells whether the text in w, which begins with so many digits, begins with an integer of at most seven.
func isSmall(w uint64, size int) bool {
	return uint(size-1) < 7 && (byte(w) != '0' || size == 1)
}

// summaryStarts have what stands in front of a summary value.
var summaryStarts = [summaryLen]string{`,"sum":`, `,"log_sum":`, `,"log_sum_squares":`, `,"sum_squares_lo":`, `,"sum_squares_hi":`}

// summaryValue goes over summary value k, a number, if it is at i. It begins at from; if it is not there, i is both.
func summaryValue(b []byte, i, k int) (from, end int) {
	from = skipText(b, i, summaryStarts[k])
	if from < 0 {
		return i, i
	}
	end, _ = skipNumber(b, from)
	return from, end
}

// skipText goes over this text.
func skipText(b []byte, i int, text string) int {
	if i < 0 || len(b)-i < len(text) || string(b[i:i+len(text)]) != text {
		return -1
	}
	return i + len(text)
}
