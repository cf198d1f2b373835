package histogram

import "strconv"

// Unpack appends to dst the histogram that Pack makes packed of: the JSON object that a browser sends, with the buckets that
// have a count, and without the summary values that are -1. All numbers keep their digits. The error is a *PackError, with
// FaultBucketCount if the array has another length; dst is then returned as it was.
func (d *Definition) Unpack(dst, packed []byte) ([]byte, error) {
	start := len(dst)
	p := packer{d: d, ranges: d.Ranges(), b: packed}
	dst = append(dst, d.head...)
	n, first := 0, true
	i, more := enter(packed, skipBlanks(packed, 0), '[')
	for ; more; n++ {
		from := i
		if i = skipValue(packed, from); i < 0 {
			return dst[:start], p.malformed(from)
		}
		text := packed[from:i]
		bucket, summary := n < len(p.ranges), n-len(p.ranges)
		switch {
		case bucket:
			if _, integer := skipNumber(packed, from); !integer {
				return dst[:start], p.fault(FaultCount, "the count of bucket %d is not an integer", p.ranges[n])
			}
			if string(text) != "0" {
				if !first {
					dst = append(dst, ',')
				}
				dst = append(strconv.AppendInt(append(dst, '"'), p.ranges[n], 10), `":`...)
				dst = append(dst, text...)
				first = false
			}
		case summary == 0:
			dst = append(dst, '}')
			fallthrough
		case summary < summaryLen:
			if string(text) != "-1" {
				dst = append(append(dst, summaryStarts[summary]...), text...)
			}
		}
		from = i
		if i, more = next(packed, i, ']'); i < 0 {
			return dst[:start], p.malformed(from)
		}
	}
	switch {
	case i < 0:
		return dst[:start], p.fault(FaultSyntax, "%.40q is not an array", packed)
	case skipBlanks(packed, i) < len(packed):
		return dst[:start], p.malformed(i)
	case n != len(p.ranges)+summaryLen:
		return dst[:start], p.fault(FaultBucketCount, "%d elements, not %d buckets and %d more", n, d.Buckets, summaryLen)
	}
	return append(dst, '}'), nil
}
