package values_test

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/internal/values"
)

type stats struct {
	N, Sum   int
	Min, Max float64
}

func Benchmark(b *testing.B) {
	b.Run("value=int", func(b *testing.B) { bench(b, 1) })
	b.Run("value=int64", func(b *testing.B) { bench(b, int64(123456)) })
	b.Run("value=uint64", func(b *testing.B) { bench(b, uint64(300)) })
	b.Run("value=float64", func(b *testing.B) { bench(b, 1.5) })
	b.Run("value=string", func(b *testing.B) { bench(b, "Windows_NT 6.1") })
	b.Run("value=bytes", func(b *testing.B) { bench(b, []byte("Windows_NT 6.1")) })
	b.Run("value=struct", func(b *testing.B) { bench(b, stats{1, 2, 3, 4}) })
	b.Run("value=50floats", func(b *testing.B) { bench(b, make([]float64, 50)) })
	b.Run("value=50ints", func(b *testing.B) { bench(b, make([]int, 50)) })
	b.Run("value=10entries", func(b *testing.B) {
		bench(b, map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10})
	})
}

func bench[V any](b *testing.B, x V) {
	c, err := values.For[V]()
	if err != nil {
		b.Fatal(err)
	}
	v := new(V)
	*v = x
	enc, err := c.Append(nil, v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("op=append", func(b *testing.B) {
		b.ReportAllocs()
		dst := make([]byte, 0, 1024)
		for b.Loop() {
			dst, _ = c.Append(dst[:0], v)
		}
	})
	b.Run("op=borrow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := c.BorrowDecode(enc, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=clone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			*v = c.Clone(x)
		}
	})
}
