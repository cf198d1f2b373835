package rawlog_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// seeded is a frame with the seed that a client has chosen.
func seeded(t testing.TB, seed uint32, r rawlog.Record) []byte {
	b := frame(t, rawlog.V3, r)
	binary.LittleEndian.PutUint32(b[4:], binary.LittleEndian.Uint32(b[4:])^seed)
	return b
}

// forged makes n frames with the seed of a client, and a header of one that should go on for another size bytes.
func forged(t testing.TB, seed uint32, n, size int) []byte {
	one := seeded(t, seed, rawlog.Record{Path: []byte("forged"), Data: []byte(`{"a":"bc"}`)})
	header := seeded(t, seed, rawlog.Record{Path: []byte("forged"), Data: make([]byte, size)})
	return append(bytes.Repeat(one, n), header[:28+6]...)
}

// The records behind a damaged begin are read, whatever a client has put into the body that is damaged with it.
func TestForgedSeed(t *testing.T) {
	few := []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}, {Path: []byte("b"), Data: []byte("{}")}}
	many := slices.Repeat(few, 500)
	for _, tt := range []struct {
		name   string
		body   []byte
		behind []rawlog.Record
		cut    int // bytes missing at the end
		max    int // MaxData
	}{
		{"two frames", forged(t, 1, 2, 0), many, 0, 0},
		{"more than is behind", forged(t, 1, 3000, 0), few, 0, 0},
		{"the end frame alone behind", forged(t, 1, 3000, 0), nil, 0, 0},
		{"one that seems to go on behind the end", forged(t, 1, 3000, 1<<20), few, 0, 0},
		{"many seeds", slices.Concat(forged(t, 1, 20, 5), forged(t, 2, 20, 0), forged(t, 1, 20, 9)), few, 0, 0},
		{"cut in a record", forged(t, 1, 2, 1<<20), many, 30, 0},
		{"cut at a record's end", forged(t, 1, 3000, 1<<20), few, 28, 0},
		{"far from the end of the file", forged(t, 1, 80, 0), slices.Repeat(few, 5000), 28 + 7, 4000},
		{"cut in a record that seems to go on", slices.Concat(forged(t, 1, 80, 3000)), many, 30, 3999},
	} {
		hostile := rawlog.Record{Path: []byte("hostile"), Data: tt.body}
		content := file(t, rawlog.V3, append([]rawlog.Record{hostile}, tt.behind...))
		content = content[:len(content)-tt.cut]
		clear(content[:16+28])
		got := readAll(bytes.NewReader(content), rawlog.Options{Format: rawlog.V3, MaxData: tt.max})
		want := texts(tt.behind)
		if tt.cut > 28 {
			want = want[:len(want)-1]
		}
		if !slices.Equal(texts(got.records), want) || got.damage[0].Length != int64(16+28+7+len(tt.body)) {
			t.Errorf("%s: read %d records of %d, damage %v", tt.name, len(got.records), len(want), got.damage)
		}
	}
}

// Nor does it matter where else such a body is, if the begin alone is damaged, or where the file is cut then.
func TestForgedSeedLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		wrote := records().Draw(rt, "records")
		n := rapid.IntRange(0, len(wrote)-1).Draw(rt, "hostile")
		var body []byte
		for range rapid.IntRange(1, 3).Draw(rt, "chains") {
			body = append(body, forged(t, rapid.Uint32Range(1, 3).Draw(rt, "seed"), rapid.IntRange(0, 9).Draw(rt, "frames"),
				rapid.IntRange(0, 999).Draw(rt, "beyond"))...)
		}
		wrote[n].Data = body
		content := file(t, rawlog.V3, wrote)
		begin, end := 16, 16 // of the hostile record
		for i, r := range wrote[:n+1] {
			end += len(frame(t, rawlog.V3, r))
			if i < n {
				begin = end
			}
		}
		damaged := 16
		if rapid.Bool().Draw(rt, "more") {
			damaged = rapid.IntRange(16, end).Draw(rt, "damaged")
		}
		for i := range content[:damaged] {
			content[i] ^= 0x55
		}
		var want []string
		at := 16
		for _, r := range wrote {
			if at >= damaged {
				want = append(want, text(r))
			}
			at += len(frame(t, rawlog.V3, r))
		}
		got := readAll(bytes.NewReader(content), rawlog.Options{Format: rawlog.V3})
		if !slices.Equal(texts(got.records), want) {
			rt.Fatalf("hostile bytes %d to %d, %d damaged: read %q, want %q; damage %v", begin, end, damaged, texts(got.records), want, got.damage)
		}
	})
}

// The seed is searched for no further than is allowed for memory, and what is before it is lost.
func TestSeedFarAway(t *testing.T) {
	wrote := slices.Repeat([]rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}}, 20)
	content := file(t, rawlog.V3, wrote)
	for _, size := range []int{0, 1, 16, 60_000, 1 << 20} {
		damaged := append(bytes.Repeat([]byte{0x55}, size), content[16:]...)
		got := readAll(bytes.NewReader(damaged), rawlog.Options{Format: rawlog.V3, MaxData: 100})
		if !slices.Equal(texts(got.records), texts(wrote)) || len(got.damage) != 1 || got.damage[0].Length != int64(size) {
			t.Errorf("%d bytes damaged: read %d records of %d, %v", size, len(got.records), len(wrote), got.damage)
		}
	}
}

// A frame without a neighbour does not tell the seed: any 28 bytes may be one.
func TestLonelyFrame(t *testing.T) {
	one := seeded(t, 7, rawlog.Record{Path: []byte("a")})
	for _, tt := range []struct {
		content []byte
		records int
	}{
		{slices.Concat([]byte("damage"), one, []byte("damage")), 0},
		{slices.Concat([]byte("damage"), one), 1},
		{slices.Concat([]byte("damage"), one, []byte("damage"), one, one, []byte("damage"), one), 4},
		{slices.Concat([]byte("damage"), one, one[:27]), 0},
		{slices.Concat([]byte("damage"), one, one[:28]), 1},
	} {
		got := readAll(bytes.NewReader(tt.content), rawlog.Options{Format: rawlog.V3})
		if len(got.records) != tt.records {
			t.Errorf("%q: %d records, want %d; %v", tt.content, len(got.records), tt.records, got.damage)
		}
	}
}

// What Recover has counted in a segment without its begin is what readers find in it, whatever frames of whatever seeds are there.
func TestRecoverLostSeedLaw(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	rapid.Check(t, func(rt *rapid.T) {
		var content []byte
		for range rapid.IntRange(1, 12).Draw(rt, "pieces") {
			piece := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "bytes")
			for range rapid.IntRange(0, 3).Draw(rt, "layers") {
				around := rawlog.Record{Path: []byte("a"), Data: piece}
				piece = bytes.Repeat(seeded(t, rapid.Uint32Range(1, 3).Draw(rt, "seed"), around), rapid.IntRange(1, 2).Draw(rt, "times"))
			}
			from := rapid.IntRange(0, len(piece)).Draw(rt, "from")
			if rapid.Bool().Draw(rt, "whole") {
				from = 0
			}
			content = append(content, piece[from:]...)
		}
		content = content[:len(content)-rapid.IntRange(0, min(60, len(content))).Draw(rt, "cut")]
		if err := root.WriteFile("log.v3.host.1.1", content, 0o600); err != nil {
			rt.Fatal(err)
		}
		done, err := rawlog.Recover(root, "log", rawlog.Options{})
		if err != nil || len(done) != 1 {
			rt.Fatalf("%v, %v", done, err)
		}
		if done[0].Name == "" {
			return
		}
		content, err = root.ReadFile(done[0].Name)
		if err != nil {
			rt.Fatal(err)
		}
		got := readAll(bytes.NewReader(content), rawlog.Options{Format: rawlog.V3})
		if int64(len(got.records)) != done[0].Records {
			rt.Fatalf("recovered %+v, read %q, %v", done[0], texts(got.records), got.damage)
		}
	})
}

// BenchmarkSeedSearch is of a body that gives the search the most to do: frames within frames, all of which could be whole.
func BenchmarkSeedSearch(b *testing.B) {
	for _, size := range []int{200 << 10, 1 << 20, 16 << 20} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			var body []byte
			for len(body)+28 < size {
				h := make([]byte, 28)
				copy(h, "\x1emr\x03")
				binary.LittleEndian.PutUint32(h[8:], uint32(size-len(body)-56))
				binary.LittleEndian.PutUint32(h[4:], crc32.Checksum(h[8:], castagnoli)^1)
				body = append(body, h...)
			}
			content := file(b, rawlog.V3, []rawlog.Record{{Data: body}, {Data: []byte("{}")}})
			clear(content[:44])
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if got := readAll(bytes.NewReader(content), rawlog.Options{Format: rawlog.V3}); len(got.records) != 1 {
					b.Fatal(got.damage)
				}
			}
		})
	}
}
