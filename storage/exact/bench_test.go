package exact_test

import (
	"testing"

	"github.com/telemetry-mr/mr/storage/exact"
)

func BenchmarkAdd(b *testing.B) {
	for _, bm := range []struct {
		name string
		x    float64
	}{{"x=log", 873.474196434021}, {"x=int", -16436}, {"x=zero", 0}, {"x=tiny", 1.1e-9}} {
		b.Run(bm.name, func(b *testing.B) {
			var s exact.Sum
			b.ReportAllocs()
			for b.Loop() {
				s.Add(bm.x)
			}
		})
	}
}

func BenchmarkAddSum(b *testing.B) {
	var s, o exact.Sum
	o.Add(873.474196434021)
	for b.Loop() {
		s.AddSum(o)
	}
}

func BenchmarkBinary(b *testing.B) {
	var s exact.Sum
	for range 1000 {
		s.Add(873.474196434021)
	}
	b.Run("op=append", func(b *testing.B) {
		dst := make([]byte, 0, 64)
		for b.Loop() {
			dst, _ = s.AppendBinary(dst[:0])
		}
	})
	b.Run("op=unmarshal", func(b *testing.B) {
		enc, _ := s.AppendBinary(nil)
		for b.Loop() {
			_ = s.UnmarshalBinary(enc)
		}
	})
}

func BenchmarkFloat64(b *testing.B) {
	var s exact.Sum
	s.Add(873.474196434021)
	for b.Loop() {
		_ = s.Float64()
	}
}
