package storage_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// BenchmarkCodec unpacks a file without looking at what is in it.
func BenchmarkCodec(b *testing.B) {
	content := pings(32 << 20)
	for _, ext := range []string{".zst", ".gz", ""} {
		name := filepath.Join(b.TempDir(), "f"+ext)
		if err := os.WriteFile(name, pack(b, ext, content), 0o666); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("codec=%q/mb=%d", ext, len(content)>>20), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				f, err := storage.OpenFile(name)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, f); n != int64(len(content)) || err != nil {
					b.Fatal(n, err)
				}
				f.Close()
			}
		})
	}
}

// BenchmarkRead reads records; of a file that is not packed, that is to find their lines.
func BenchmarkRead(b *testing.B) {
	content := pings(32 << 20)
	for _, ext := range []string{".zst", ".gz", ""} {
		_, file := testTree(b, ext, pack(b, ext, content))
		b.Run(fmt.Sprintf("codec=%q/mb=%d", ext, len(content)>>20), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for rec, err := range file.Records() {
					if err != nil {
						b.Fatal(err)
					}
					n += len(rec.Value)
				}
			}
			b.ReportMetric(float64(file.Size)/float64(len(content)), "stored/raw")
		})
	}
}

func BenchmarkReadSmall(b *testing.B) {
	content := pings(4 << 10)
	_, file := testTree(b, ".zst", pack(b, ".zst", content))
	b.Run(fmt.Sprintf("codec=zst/bytes=%d", len(content)), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range file.Records() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// record returns the first record of made-up pings, read from a file as a job reads it.
func record(b *testing.B) storage.Record {
	_, file := testTree(b, "", pings(1))
	r, err := file.Open(storage.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	for rec, err := range r.Records() {
		if err != nil {
			b.Fatal(err)
		}
		return rec
	}
	panic("no record")
}

func BenchmarkGet(b *testing.B) {
	rec := record(b)
	for _, path := range [][]string{{"info", "OS"}, {"info", "field36"}, {"simpleMeasurements", "uptime"}, {"none"}} {
		b.Run(fmt.Sprintf("path=%v/bytes=%d", path, len(rec.Value)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rec.Get(path...).Exists()
			}
		})
	}
	b.Run("path=info.OS/as=Str", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := rec.Get("info", "OS").Str(); !ok {
				b.Fatal("no OS")
			}
		}
	})
}

func BenchmarkSkip(b *testing.B) {
	text := record(b).Get("histograms").Raw()
	b.Run(fmt.Sprintf("value=histograms/bytes=%d", len(text)), func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if storage.Skip(text, 0) != len(text) {
				b.Fatal("wrong end")
			}
		}
	})
	text = []byte(`[` + string(bytes.Repeat([]byte(`{"a":"b c d","n":[1,2,{"x":null}]},`), 500)) + `1]`)
	b.Run(fmt.Sprintf("value=objects/bytes=%d", len(text)), func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if storage.Skip(text, 0) != len(text) {
				b.Fatal("wrong end")
			}
		}
	})
}

func BenchmarkMembers(b *testing.B) {
	rec := record(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, v := range rec.Get("histograms").Members() {
			n += len(v.Raw())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/123, "ns/member")
	b.ReportMetric(float64(n)/float64(b.N)/123, "bytes/member")
}
