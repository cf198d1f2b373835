package rawlog_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// frameV0 is a record as the server of the summer of 2013 wrote it.
func frameV0(r rawlog.Record) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(r.Path)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.Data)))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Time))
	return slices.Concat(b, r.Path, r.Data)
}

// Zeros in a V0 file are a hole, not records of nothing.
func TestHole(t *testing.T) {
	three := slices.Clone(three)
	var content []byte
	for i, r := range three {
		r.Time += 1_376_000_000_000
		three[i] = r
		content = append(content, frameV0(r)...)
	}
	one := len(content) / 3
	hole := make([]byte, 4096)
	for _, tt := range []struct {
		name    string
		content []byte
		want    []rawlog.Record
		lost    int64
	}{
		{"between", slices.Concat(content[:one], hole, content[one:]), three, 4096},
		{"over one", slices.Concat(content[:one], hole[:one], content[2*one:]), []rawlog.Record{three[0], three[2]}, int64(one)},
		{"at the begin", slices.Concat(hole, content), three, 4096},
		{"at the end", slices.Concat(content, hole), three, 4096},
		{"of one header", slices.Concat(content, hole[:16]), three, 16},
		{"nothing else", hole, nil, 4096},
	} {
		for _, o := range []rawlog.Options{{Format: rawlog.V0}, {Claimed: rawlog.V0}} {
			got := readAll(bytes.NewReader(tt.content), o)
			if !slices.Equal(texts(got.records), texts(tt.want)) || len(got.damage) != 1 || got.damage[0].Length != tt.lost {
				t.Errorf("%s, %+v: read %q, %v, want %d bytes lost", tt.name, o, texts(got.records), got.damage, tt.lost)
			}
		}
	}
}

// A record that is larger than the limit is told from bytes that are none.
func TestTooLarge(t *testing.T) {
	for _, f := range []rawlog.Format{rawlog.V1, rawlog.V2} {
		large := rawlog.Record{Path: []byte("large"), Data: bytes.Repeat([]byte{'x'}, 16<<20+1)}
		content := slices.Concat(frame(t, f, three[0]), frame(t, f, large), frame(t, f, three[1]))
		got := readAll(bytes.NewReader(content), rawlog.Options{Claimed: f})
		if !slices.Equal(texts(got.records), texts(three[:2])) || len(got.damage) != 1 || !strings.Contains(got.damage[0].Reason, "larger than the limit") {
			t.Errorf("%v: read %d records, %v", f, len(got.records), got.damage)
		}
	}
}

// hostileBody is a V1 file of a record with a damaged header, whose data is headers that claim much, and of others behind it.
func hostileBody(t testing.TB, claim uint32, tail string) (content []byte, behind []rawlog.Record) {
	header := []byte{0x1e, 0, 0, 0, 0, 0, 0, 8: 1, 14: 0}
	binary.LittleEndian.PutUint32(header[3:], claim)
	for range 16 {
		behind = append(behind, rawlog.Record{Time: 1, Path: []byte("a"), Data: fmt.Appendf(nil, "{%*s}", 100_000, "")})
	}
	body := bytes.Repeat(append(header, tail...), 200_000/(len(header)+len(tail)))
	content = file(t, rawlog.V1, append([]rawlog.Record{{Path: []byte("hostile"), Data: body}}, behind...))
	content[0] = 0
	return content, behind
}

// Headers that a client has put into a damaged body, and behind which its data looks whole, cost no record behind them.
func TestFakeHeaders(t *testing.T) {
	for _, claim := range []uint32{300_000, 1_000_000} {
		for _, tail := range []string{"", "{", "\x1f\x8b\x08"} {
			content, behind := hostileBody(t, claim, tail)
			got := readAll(bytes.NewReader(content), rawlog.Options{Claimed: rawlog.V1})
			if n := len(got.records); n < len(behind) || !slices.Equal(texts(got.records[n-len(behind):]), texts(behind)) {
				t.Errorf("%d bytes claimed, then %q: %d records, want %d; %v", claim, tail, n, len(behind), got.damage)
			}
		}
	}
}

// BenchmarkFakeHeaders is of 200 KB of headers before 16 MB of records.
func BenchmarkFakeHeaders(b *testing.B) {
	for _, tail := range []string{"", "{", "\x1f\x8b\x08", strings.Repeat("\x1e", 40) + "{"} {
		content, _ := hostileBody(b, 16<<20-100, tail)
		for len(content) < 20<<20 {
			content = append(content, content[len(content)-1_600_000/100_018*100_018:]...)
		}
		b.Run(fmt.Sprintf("then=%.4q", tail), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				for _, err := range rawlog.NewReader(bytes.NewReader(content), rawlog.Options{Claimed: rawlog.V1}).Records() {
					_ = err // damage is what this is about
				}
			}
		})
	}
}
