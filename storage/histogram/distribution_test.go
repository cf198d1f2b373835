package histogram_test

import (
	"errors"
	"math"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func array(t testing.TB, text string) histogram.Array {
	t.Helper()
	a, ok := histogram.Parse(storage.NewRecord(nil, []byte(`{"a":`+text+`}`), storage.Dims{}).Get("a"))
	if !ok {
		t.Fatalf("%s is no array", text)
	}
	return a
}

func TestDistribution(t *testing.T) {
	for _, tt := range []struct {
		definition, array string
		count             int64
		mean              float64 // -1: none
		percentiles       map[float64]float64
	}{
		// 5 to 22, in four equal steps of the logarithm, then 22 to 100.
		{`{"kind":"exponential","high":100,"n_buckets":5}`, `[0,0,4,4,0,160,-1,-1,-1,-1]`, 8, 20, map[float64]float64{
			0: 5, 25: 5 * math.Sqrt(22.0/5), 50: 22, 75: 22 * math.Sqrt(100.0/22), 100: 100,
		}},
		{`{"kind":"exponential","high":100,"n_buckets":5}`, `[2,0,0,0,2,500,-1,-1,-1,-1]`, 4, 125, map[float64]float64{
			25: 0.5, 50: 1, 75: 100, 100: 100,
		}},
		{`{"kind":"linear","low":10,"high":30,"n_buckets":4}`, `[1,2,1,0,60,-1,-1,0,0]`, 4, 15, map[float64]float64{
			0: 0, 12.5: 5, 25: 10, 50: 15, 75: 20, 87.5: 25, 100: 30,
		}},
		{`{"kind":"enumerated","n_values":3}`, `[1,0,2,1,7,-1,-1,0,0]`, 4, 1.75, map[float64]float64{0: 0, 25: 0, 26: 2, 75: 2, 99: 3}},
		{`{"kind":"boolean"}`, `[3,5,0,-1,-1,-1,-1,-1]`, 8, -1, map[float64]float64{50: 1}},
	} {
		d, err := parseDefinitions(t, `{"H":`+tt.definition+`}`).Lookup("H")
		if err != nil {
			t.Fatal(err)
		}
		h, err := d.Distribution(array(t, tt.array))
		if err != nil {
			t.Error(err)
			continue
		}
		mean, ok := h.Mean()
		if h.Count() != tt.count || ok != (tt.mean >= 0) || ok && mean != tt.mean {
			t.Errorf("%s of %s: %d samples with the mean %v, %v, want %d and %v", tt.array, tt.definition, h.Count(), mean, ok, tt.count, tt.mean)
		}
		for p, want := range tt.percentiles {
			if x, ok := h.Percentile(p); !ok || math.Abs(x-want) > 1e-9*want {
				t.Errorf("%s of %s: %v%% are below %v, %v, want %v", tt.array, tt.definition, p, x, ok, want)
			}
		}
		var i, n int64
		for low, count := range h.Buckets() {
			if low != h.Definition().Ranges()[i] {
				t.Errorf("bucket %d is at %d", i, low)
			}
			i++
			n += count
		}
		if i != d.Buckets || n != tt.count {
			t.Errorf("%d buckets with %d samples", i, n)
		}
	}
}

func TestDistributionRefuses(t *testing.T) {
	d := small(t)
	for _, text := range []string{`[0,0,0,0,-1,-1,-1,-1,-1]`, `[]`, `[0,0,0,0,0,0,-1,-1,-1,-1,-1]`} {
		_, err := d.Distribution(array(t, text))
		if e, ok := errors.AsType[*histogram.LengthError](err); !ok || e.Want != 10 {
			t.Errorf("%s: %v, want a LengthError", text, err)
		}
	}
	for _, text := range []string{`[0,-1,0,0,0,-1,-1,-1,-1,-1]`, `[0,0.5,0,0,0,-1,-1,-1,-1,-1]`, `[0,1e300,0,0,0,-1,-1,-1,-1,-1]`} {
		if _, err := d.Distribution(array(t, text)); err == nil {
			t.Errorf("%s is a distribution", text)
		}
	}
	empty, err := d.Distribution(array(t, `[0,0,0,0,0,-1,-1,-1,-1,-1]`))
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := empty.Percentile(50); ok {
		t.Errorf("the median of nothing is %v", x)
	}
	if x, ok := empty.Mean(); ok {
		t.Errorf("the mean of nothing is %v", x)
	}
	one, err := d.Distribution(array(t, `[0,1,0,0,0,-1,-1,-1,-1,-1]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []float64{-1, 101, math.NaN(), math.Inf(1)} {
		if x, ok := one.Percentile(p); ok {
			t.Errorf("%v%% are below %v", p, x)
		}
	}
}
