package exact_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage/exact"
)

// numbers makes floats of every size, those at the edges of the fixed-point
// part, and those that cancel one another.
func numbers() *rapid.Generator[float64] {
	edges := []float64{
		0, math.Copysign(0, -1), 1, 0.1, 873.474196434021, 1 << 53, 1<<53 + 2, 1 << 62, 1 << 63, 1 << 64, -1 << 62, -1 << 63,
		math.Nextafter(1<<62, 0), 1.0 / (1 << 12), math.Nextafter(1.0/(1<<12), 0), 1.0 / (1 << 62) / 4, 1.0 / (1 << 62) / 8, 3.0 / (1 << 62) / 4,
		math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, math.Nextafter(math.MaxFloat64, 0), 0x1p-1022, 0x1.fffffffffffffp-1023,
	}
	return rapid.OneOf(
		rapid.SampledFrom(edges),
		rapid.Map(rapid.SampledFrom(edges), func(x float64) float64 { return -x }),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64),
		rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) }),
		rapid.Custom(func(t *rapid.T) float64 {
			return math.Ldexp(rapid.Float64Range(-2, 2).Draw(t, "m"), rapid.IntRange(-90, 80).Draw(t, "exp"))
		}),
		rapid.Custom(func(t *rapid.T) float64 {
			return math.Ldexp(rapid.Float64Range(-2, 2).Draw(t, "m"), rapid.IntRange(-1074, 1022).Draw(t, "exp"))
		}),
	)
}

// naive returns the sum by big.Float of enough precision to be exact.
func naive(xs []float64) float64 {
	total := new(big.Float).SetPrec(2300)
	for _, x := range xs {
		total.Add(total, new(big.Float).SetPrec(2300).SetFloat64(x))
	}
	x, _ := total.Float64()
	return x + 0
}

// merge adds xs through a tree of partial sums of drawn shape, some of which go
// through their binary form.
func merge(t *rapid.T, xs []float64) exact.Sum {
	var s exact.Sum
	if len(xs) < 2 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		for _, x := range xs {
			s.Add(x)
		}
	} else {
		cut := rapid.IntRange(0, len(xs)).Draw(t, "cut")
		s = merge(t, xs[:cut])
		right := merge(t, xs[cut:])
		before := binaryOf(t, right)
		s.AddSum(right)
		s.Add(1) // must not reach the right part
		s.Add(-1)
		if !bytes.Equal(before, binaryOf(t, right)) {
			t.Fatal("AddSum kept memory of its argument")
		}
	}
	if rapid.Bool().Draw(t, "binary") {
		var back exact.Sum
		back.Add(5e-324) // to be overwritten
		if err := back.UnmarshalBinary(binaryOf(t, s)); err != nil {
			t.Fatalf("UnmarshalBinary of %v: %v", s, err)
		}
		return back
	}
	return s
}

type fataler interface{ Fatal(...any) }

func binaryOf(t fataler, s exact.Sum) []byte {
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestExact: the sum equals that of math/big, rounded once, in any order and
// through any tree of merges; and so do the bytes.
func TestExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(numbers(), 0, 40).Draw(t, "xs")
		for _, x := range xs {
			if rapid.IntRange(0, 4).Draw(t, "cancel") == 0 {
				xs = append(xs, -x)
			}
		}
		want := naive(xs)
		var s exact.Sum
		for _, x := range xs {
			s.Add(x)
		}
		same := func(what string, got exact.Sum) {
			t.Helper()
			if x := got.Float64(); math.Float64bits(x) != math.Float64bits(want) {
				t.Fatalf("%s: sum of %v = %v, want %v", what, xs, x, want)
			}
			if !bytes.Equal(binaryOf(t, s), binaryOf(t, got)) {
				t.Fatalf("%s: binary form %x, want %x", what, binaryOf(t, got), binaryOf(t, s))
			}
		}
		same("in order", s)
		same("merged", merge(t, xs))
		other := rapid.Permutation(xs).Draw(t, "permutation")
		same("permuted", merge(t, other))
		j, err := json.Marshal(s)
		if math.IsInf(want, 0) {
			if err == nil {
				t.Fatalf("MarshalJSON of a sum beyond float64 = %s", j)
			}
			return
		}
		w, _ := json.Marshal(want)
		if err != nil || !bytes.Equal(j, w) {
			t.Fatalf("MarshalJSON = %s, %v, want %s", j, err, w)
		}
	})
}

// TestHalfway: sums that lie between two floats, exactly or by a hair.
func TestHalfway(t *testing.T) {
	for _, tt := range []struct {
		xs   []float64
		want float64
	}{
		{[]float64{1 << 53, 1}, 1 << 53},
		{[]float64{1 << 53, 1, 5e-324}, 1<<53 + 2},
		{[]float64{1 << 53, 1, -5e-324}, 1 << 53},
		{[]float64{1<<53 + 2, 1}, 1<<53 + 4},
		{[]float64{1<<53 + 2, 1, -0x1p-60}, 1<<53 + 2},
		{[]float64{math.MaxFloat64, 0x1p970}, math.Inf(1)},
		{[]float64{math.MaxFloat64, 0x1p970, -5e-324}, math.MaxFloat64},
		{[]float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64}, math.MaxFloat64},
		{[]float64{0x1p-1022, -5e-324}, 0x0.fffffffffffffp-1022},
		{[]float64{1e16, 1, -1e16}, 1},
		{[]float64{0.1, 0.2, 0.3, -0.6}, naive([]float64{0.1, 0.2, 0.3, -0.6})},
	} {
		for range 2 {
			var s exact.Sum
			for _, x := range tt.xs {
				s.Add(x)
			}
			if got := s.Float64(); got != tt.want {
				t.Errorf("sum of %v = %v, want %v", tt.xs, got, tt.want)
			}
			for i := range tt.xs {
				tt.xs[i] = -tt.xs[i]
			}
			tt.want = -tt.want
		}
	}
}

func TestNotFinite(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		xs   []float64
		want string
	}{
		{[]float64{1, inf, -5}, "+Inf"},
		{[]float64{-inf, math.MaxFloat64, math.MaxFloat64}, "-Inf"},
		{[]float64{inf, -inf}, "NaN"},
		{[]float64{nan, 1}, "NaN"},
		{[]float64{nan, inf}, "NaN"},
	} {
		var forward, backward exact.Sum
		for _, x := range tt.xs {
			forward.Add(x)
		}
		for _, x := range slices.Backward(tt.xs) {
			var one, decoded exact.Sum
			one.Add(x)
			if err := decoded.UnmarshalBinary(binaryOf(t, one)); err != nil {
				t.Fatal(err)
			}
			backward.AddSum(decoded)
		}
		if forward.String() != tt.want || backward.String() != tt.want {
			t.Errorf("sum of %v = %v, backwards %v, want %s", tt.xs, forward, backward, tt.want)
		}
		if !bytes.Equal(binaryOf(t, forward), binaryOf(t, backward)) {
			t.Errorf("binary forms of the sum of %v differ", tt.xs)
		}
		if b, err := forward.MarshalJSON(); err == nil {
			t.Errorf("MarshalJSON of %v = %s, want an error", forward, b)
		}
	}
}

// TestDoubling: a sum may be added to itself, and carries go all the way.
func TestDoubling(t *testing.T) {
	for _, x := range []float64{3, -3, 1e300, -5e-324, 0x1p61, -0x1p61, math.MaxFloat64} {
		var s exact.Sum
		s.Add(x)
		s.Add(5e-324)
		for range 60 {
			s.AddSum(s)
		}
		want := naive([]float64{x * 0x1p60, 0x1p-1014})
		if got := s.Float64(); got != want {
			t.Errorf("2^60·%v = %v, want %v", x, got, want)
		}
	}
}

func TestClone(t *testing.T) {
	var s exact.Sum
	s.Add(1e-300)
	c := s.Clone()
	s.Add(1e-300)
	if got := c.Float64(); got != 1e-300 {
		t.Errorf("clone changed to %v", got)
	}
}

// TestBinarySize: sums of ordinary numbers take few bytes.
func TestBinarySize(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		size int
	}{{0, 1}, {1, 2}, {-1, 2}, {300, 3}, {1 << 40, 2}, {873.474196434021, 6}, {math.Pi, 8}, {1e18, 7}, {5e-324, 3}, {math.MaxFloat64, 9}} {
		var s exact.Sum
		s.Add(tt.x)
		if b := binaryOf(t, s); len(b) != tt.size {
			t.Errorf("binary form of %v = %x, want %d bytes", tt.x, b, tt.size)
		}
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	for _, x := range []float64{0, 1, -1, 873.474196434021, 5e-324, -math.MaxFloat64, math.NaN(), math.Inf(1)} {
		var s exact.Sum
		s.Add(x)
		f.Add(binaryOf(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s exact.Sum
		if s.UnmarshalBinary(b) != nil {
			return
		}
		if again := binaryOf(t, s); !bytes.Equal(b, again) {
			t.Errorf("UnmarshalBinary took %x, AppendBinary gave %x", b, again)
		}
		s.Add(-s.Float64())
		_ = s.String()
	})
}

// TestInt64: integers come back exactly, and only they.
func TestInt64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.SliceOf(rapid.Int64()).Draw(t, "ns")
		x := rapid.SampledFrom([]float64{0, 0.5, 5e-324, 1e300}).Draw(t, "x")
		total := new(big.Int)
		var s exact.Sum
		for _, n := range ns {
			total.Add(total, big.NewInt(n))
			s.AddInt(n)
		}
		check := func(want bool) {
			t.Helper()
			if n, ok := s.Int64(); ok != want || ok && n != total.Int64() {
				t.Fatalf("Int64 = %d, %v, want %v, %v", n, ok, total, want)
			}
		}
		check(total.IsInt64())
		s.Add(x)
		check(total.IsInt64() && x == 0)
		s.Add(-x)
		check(total.IsInt64())
	})
}
