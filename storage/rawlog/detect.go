package rawlog

import (
	"bytes"
	"encoding/binary"
	"io"
)

// sampleSize is how much of a file is tried in each format.
const sampleSize = 1 << 20

// detect tells the format by the content: by the first bytes of V3, else it is the one that the name claims if most of the
// sample is records then, for others may be read into bodies. If not, a frame of V3 tells, for it has checksums, or else in
// which format most of the sample is records. If there are none, what the name claims, or the first byte speaks for.
func detect(w *window, o Options) Format {
	if head := w.peek(headSize); bytes.HasPrefix(head, magic[:]) {
		return V3
	}
	sample := w.peek(sampleSize)
	best, most := o.Claimed, 0
	if best == 0 {
		best = V1
		if len(sample) > 0 && sample[0] != separator {
			best = V0
		}
	}
	for _, f := range []Format{o.Claimed, V3, V2, V1, V0} {
		if f == 0 {
			continue
		}
		in := &window{buf: sample, err: io.EOF} // the sample is all that it sees
		layout := newLayout(f, o)
		size := 0 // of the records
		for {
			var rec Record
			v := layout.at(in, &rec)
			if v.record {
				size += v.size
			}
			if v.size == 0 {
				break
			}
			in.skip(v.size)
		}
		if size > most {
			best, most = f, size
		}
		if most > 0 && best == V3 || most > len(sample)/2 {
			break // no other speaks louder
		}
	}
	return best
}

// compression is the name of what compressed files begin as, "" if the file seems to be none.
func compression(head []byte) string {
	for _, c := range []struct{ name, magic string }{
		{"gzip", "\x1f\x8b\x08"},
		{"zstd", "\x28\xb5\x2f\xfd"},
		{"xz", "\xfd7zXZ\x00"},
	} {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return c.name
		}
	}
	return ""
}

func u16(p []byte) int { return int(binary.LittleEndian.Uint16(p)) }

func u32(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }

func u64(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }
