package rawlog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage/rawlog"
)

// A read is what a Reader makes of a file.
type read struct {
	records []rawlog.Record // with memory of their own
	damage  []*rawlog.DamageError
	err     error
}

func readAll(r io.Reader, o rawlog.Options) (all read) {
	for rec, err := range rawlog.NewReader(r, o).Records() {
		if damage, ok := errors.AsType[*rawlog.DamageError](err); ok {
			all.damage = append(all.damage, damage)
			continue
		}
		if err != nil {
			all.err = err
			continue
		}
		rec.Addr, rec.Path, rec.Data = bytes.Clone(rec.Addr), bytes.Clone(rec.Path), bytes.Clone(rec.Data)
		all.records = append(all.records, rec)
	}
	return all
}

func text(r rawlog.Record) string {
	return fmt.Sprintf("%d %q %q %q", r.Time, r.Addr, r.Path, r.Data)
}

func texts(records []rawlog.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, text(r))
	}
	return all
}

// file is a raw log of the records.
func file(t testing.TB, f rawlog.Format, records []rawlog.Record) []byte {
	dir, err := os.MkdirTemp("/dev/shm", "rawlog") // where syncing costs nothing
	if err != nil {
		dir, err = os.MkdirTemp("", "rawlog")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s, err := rawlog.Create(root, "log", f)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		s.Add(frame(t, f, r))
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		return nil
	}
	content, err := root.ReadFile(s.Name())
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func frame(t testing.TB, f rawlog.Format, r rawlog.Record) []byte {
	frame, err := rawlog.AppendFrame(nil, f, &r)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func records() *rapid.Generator[[]rawlog.Record] {
	one := rapid.Custom(func(t *rapid.T) rawlog.Record {
		body := rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 300),
			rapid.Just([]byte(`{"a":8}`)),
			rapid.Just([]byte("\x1emr\x03 \x1e\x01\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a{}")), // looks like frames
		)
		return rawlog.Record{
			Time: rapid.Int64Range(0, 1<<53-1).Draw(t, "time"),
			Addr: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "addr"),
			Path: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "path"),
			Data: body.Draw(t, "data"),
		}
	})
	return rapid.SliceOfN(one, 1, 8)
}

func TestRoundTrip(t *testing.T) {
	for _, f := range []rawlog.Format{rawlog.V1, rawlog.V2, rawlog.V3} {
		t.Run(f.String(), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				want := records().Draw(rt, "records")
				if f == rawlog.V1 {
					for i := range want {
						want[i].Addr = nil
					}
				}
				content := file(t, f, want)
				got := readAll(iotest.OneByteReader(bytes.NewReader(content)), rawlog.Options{Format: f})
				if got.err != nil || len(got.damage) > 0 || !slices.Equal(texts(got.records), texts(want)) {
					rt.Fatalf("wrote %q, read %q, %v, %v", texts(want), texts(got.records), got.damage, got.err)
				}
			})
		})
	}
}

// What is changed in a V3 file costs the records that it hits and no other; nothing else is read.
func TestDamageCostsOnlyWhatItHits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		wrote := records().Draw(rt, "records")
		content := file(t, rawlog.V3, wrote)
		begin := rapid.IntRange(0, len(content)-1).Draw(rt, "begin")
		end := rapid.IntRange(begin, min(begin+400, len(content))).Draw(rt, "end")
		damaged := bytes.Clone(content)
		insert := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(rt, "insert")
		damaged = slices.Replace(damaged, begin, end, insert...)

		var want []string // the records before and behind, but if their seed is gone
		at := 16
		for _, r := range wrote {
			size := len(frame(t, rawlog.V3, r))
			if at+size <= begin || at >= end && !(at == begin && len(insert) > 0 && begin == end) {
				want = append(want, text(r))
			}
			at += size
		}
		if begin == at-28 && end == begin {
			return // in front of the end frame: hits none
		}
		var o rawlog.Options
		if begin < 16 {
			o.Format = rawlog.V3 // what is left may look like anything
		}
		got := readAll(bytes.NewReader(damaged), o)
		if got.err != nil {
			rt.Fatal(got.err)
		}
		all := texts(wrote)
		for _, r := range texts(got.records) {
			i := slices.Index(all, r)
			if i < 0 {
				rt.Fatalf("read %s, which nobody wrote", r)
			}
			all = all[i+1:]
		}
		if begin >= 16 {
			left := want
			for _, r := range texts(got.records) {
				if len(left) > 0 && r == left[0] {
					left = left[1:]
				}
			}
			if len(left) > 0 {
				rt.Fatalf("bytes %d to %d changed: lost %q too", begin, end, left)
			}
			if !bytes.Equal(damaged, content) && len(got.damage) == 0 {
				rt.Fatalf("bytes %d to %d changed, nobody noticed", begin, end)
			}
		}
	})
}

// Every cut of a finished V3 file is noticed.
func TestCutIsNoticed(t *testing.T) {
	content := file(t, rawlog.V3, []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}, {Path: []byte("b"), Data: []byte("{}")}})
	for n := range content {
		got := readAll(bytes.NewReader(content[:n]), rawlog.Options{})
		if n > 0 && len(got.damage) != 1 {
			t.Errorf("%d bytes of %d: %d records, damage %v, want one", n, len(content), len(got.records), got.damage)
		}
		got = readAll(bytes.NewReader(content[:n]), rawlog.Options{Format: rawlog.V3, Unfinished: true})
		if whole := n == 16 || n == 16+31 || n == 16+62; n > 0 && whole != (len(got.damage) == 0) {
			t.Errorf("%d bytes of %d, unfinished: damage %v", n, len(content), got.damage)
		}
	}
}

// The seed is in the first 16 bytes; when they are gone, the frames tell it.
func TestLostSeed(t *testing.T) {
	wrote := []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}, {Path: []byte("b"), Data: []byte("{}")}}
	content := file(t, rawlog.V3, wrote)
	for _, keep := range []int{0, 1, 8, 12} {
		damaged := bytes.Clone(content)
		for i := keep; i < 16; i++ {
			damaged[i] ^= 0x55
		}
		got := readAll(bytes.NewReader(damaged), rawlog.Options{})
		if !slices.Equal(texts(got.records), texts(wrote)) || len(got.damage) != 1 || got.damage[0].Length != 16 {
			t.Errorf("first bytes wrong from %d on: read %q, %v", keep, texts(got.records), got.damage)
		}
	}
}

// A body that holds frames is not read as records when the record around it is damaged.
func TestFramesInBodyAreNoRecords(t *testing.T) {
	forged := frame(t, rawlog.V3, rawlog.Record{Path: []byte("forged"), Data: []byte("{}")})
	body := append(bytes.Clone(forged), forged...)
	content := file(t, rawlog.V3, []rawlog.Record{{Path: []byte("a"), Data: body}, {Path: []byte("b"), Data: []byte("{}")}})
	content[16+28] ^= 1
	got := readAll(bytes.NewReader(content), rawlog.Options{})
	if len(got.records) != 1 || string(got.records[0].Path) != "b" {
		t.Errorf("read %q, want the second record", texts(got.records))
	}
}

func TestLimits(t *testing.T) {
	for _, f := range []rawlog.Format{rawlog.V1, rawlog.V2, rawlog.V3} {
		content := file(t, f, []rawlog.Record{
			{Path: []byte("a"), Data: []byte(`{"long":"data"}`)},
			{Path: []byte("too/long"), Data: []byte("{}")},
			{Path: []byte("b"), Data: []byte("{}")},
		})
		got := readAll(bytes.NewReader(content), rawlog.Options{Format: f, MaxPath: 4, MaxData: 4})
		if len(got.records) != 1 || string(got.records[0].Path) != "b" || len(got.damage) != 1 {
			t.Errorf("%v: read %q, %v", f, texts(got.records), got.damage)
		}
	}
}

// A length of 4 GB in a file of a few bytes takes no memory.
func TestLieAboutLength(t *testing.T) {
	content := []byte("\x1e\x00\x00\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00\x00\x00")
	allocs := allocated(func() { readAll(bytes.NewReader(content), rawlog.Options{Format: rawlog.V1, MaxData: 1<<31 - 1}) })
	if allocs > 1<<20 {
		t.Errorf("reading %d bytes allocates %d", len(content), allocs)
	}
}

// allocated is about how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	content := file(t, rawlog.V3, []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}})
	got := readAll(io.MultiReader(bytes.NewReader(content[:50]), iotest.ErrReader(broken)), rawlog.Options{})
	if len(got.records) != 1 || !errors.Is(got.err, broken) {
		t.Errorf("read %q, %v, %v, want a record and the error", texts(got.records), got.damage, got.err)
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]rawlog.Format{
		"telemetry.log.v1.host.17.1394236800000.finished":    rawlog.V1,
		"telemetry.log.v2.host.v1.17.1394236800000.finished": rawlog.V2,
		"telemetry.log.v3.host.17.1394236800000":             rawlog.V3,
		"two-good.v1":                                        0,
		"":                                                   0,
	} {
		if got := rawlog.FormatOf(name); got != want {
			t.Errorf("FormatOf(%q) = %v, want %v", name, got, want)
		}
	}
}

// TestTime: a time that AppendFrame does not take is not read either, so that what is read can be written.
func TestTime(t *testing.T) {
	checksum := func(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
	for time, records := range map[uint64]int{1<<53 - 1: 2, 1 << 53: 1, 1 << 63: 1, 1<<64 - 1: 1} {
		content := file(t, rawlog.V3, []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}, {Path: []byte("b")}})
		header := content[16 : 16+28]
		sum := binary.LittleEndian.Uint32(header[4:]) ^ checksum(header[8:])
		binary.LittleEndian.PutUint64(header[16:], time)
		binary.LittleEndian.PutUint32(header[4:], sum^checksum(header[8:]))
		got := readAll(bytes.NewReader(content), rawlog.Options{})
		if len(got.records) != records || len(got.damage) != 2-records {
			t.Errorf("time %d: read %q, %v, want %d records", time, texts(got.records), got.damage, records)
		}
	}
}

// TestClaimed: what the name says counts where content can be read as more than one format, and only there.
func TestClaimed(t *testing.T) {
	// Read as v2, the first record ends within the data, where another one begins that ends with the file.
	body := append([]byte("{}\n"), frame(t, rawlog.V2, rawlog.Record{Data: bytes.Repeat([]byte{' '}, 493)})...)
	both := frame(t, rawlog.V1, rawlog.Record{Path: []byte{0}, Data: body})
	// What a client has sent looks like a part of a v3 file.
	frames := append(frame(t, rawlog.V3, rawlog.Record{}), frame(t, rawlog.V3, rawlog.Record{})...)
	hostile := append(frame(t, rawlog.V2, rawlog.Record{Data: frames}), frame(t, rawlog.V2, rawlog.Record{Data: []byte("{}")})...)
	plain := frame(t, rawlog.V2, rawlog.Record{Path: []byte("abcd"), Data: []byte("{}")})
	own := file(t, rawlog.V3, []rawlog.Record{{Path: []byte("a"), Data: []byte("{}")}})
	for _, tt := range []struct {
		content []byte
		claimed rawlog.Format
		want    rawlog.Format
		records int
	}{
		{both, rawlog.V1, rawlog.V1, 1},
		{both, rawlog.V2, rawlog.V2, 2},
		{both, 0, rawlog.V2, 2},
		{hostile, rawlog.V2, rawlog.V2, 2},
		{hostile, 0, rawlog.V3, 2},
		{plain, rawlog.V2, rawlog.V2, 1},
		{plain, rawlog.V0, rawlog.V2, 1},
		{plain, rawlog.V1, rawlog.V2, 1},
		{plain, rawlog.V3, rawlog.V2, 1},
		{own, rawlog.V1, rawlog.V3, 1},
		{own, rawlog.V3, rawlog.V3, 1},
		{[]byte("\x1e\x00"), rawlog.V2, rawlog.V2, 0},
		{nil, rawlog.V3, rawlog.V3, 0},
	} {
		o := rawlog.Options{Claimed: tt.claimed}
		got := readAll(bytes.NewReader(tt.content), o)
		if f := rawlog.NewReader(bytes.NewReader(tt.content), o).Format(); f != tt.want || len(got.records) != tt.records || got.err != nil {
			t.Errorf("%.40q, named as %v: read as %v, %q, %v, want %d of %v", tt.content, tt.claimed, f, texts(got.records), got.err, tt.records, tt.want)
		}
	}
}

// FuzzReader holds for any bytes in any format: records and damage cover the file, in order and without a gap.
func FuzzReader(f *testing.F) {
	some := []rawlog.Record{{Time: 1, Path: []byte("abcd"), Data: []byte(`{"a":8}`)}, {Addr: []byte("::1"), Data: []byte("{}")}}
	for _, format := range []rawlog.Format{rawlog.V1, rawlog.V2, rawlog.V3} {
		f.Add(file(f, format, some), uint8(format))
		f.Add(file(f, format, some), uint8(0))
	}
	f.Add([]byte("\x04\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00abcd{\"a\":8}"), uint8(rawlog.V0))
	f.Fuzz(func(t *testing.T, content []byte, format uint8) {
		r := rawlog.NewReader(bytes.NewReader(content), rawlog.Options{Format: rawlog.Format(format % 5), Claimed: rawlog.Format(format / 5 % 5), MaxData: 1 << 16})
		at, ended := int64(0), false
		for rec, err := range r.Records() {
			offset, size := rec.Offset, int64(rec.Size)
			if err != nil {
				damage, ok := errors.AsType[*rawlog.DamageError](err)
				if !ok {
					t.Fatal(err)
				}
				offset, size = damage.Offset, damage.Length
			} else if len(rec.Data) > 1<<16 {
				t.Fatalf("data of %d bytes", len(rec.Data))
			}
			if at == 0 && offset == 16 || rec.Format != 0 && rec.Format != r.Format() {
				at = 16 // the begin of a segment
			}
			if !ended && r.Format() == rawlog.V3 && offset == at+28 { // the end frame is neither
				ended, at = true, offset
			}
			if offset != at {
				t.Fatalf("byte %d follows %d", offset, at)
			}
			at += size
		}
		if r.Format() == rawlog.V3 && at+28 == int64(len(content)) || at == 0 && len(content) == 16 {
			return // the end frame
		}
		if at != int64(len(content)) {
			t.Fatalf("read up to %d of %d bytes", at, len(content))
		}
	})
}
