package gen_test

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/cmd/mr/internal/gen"
)

// ping is what a test reads of a ping.
type ping struct {
	Ver  int
	Info struct {
		OS, Reason, AppName, AppUpdateChannel, AppVersion, AppBuildID string

		Revision, FlashVersion, Addons string
		CPUCount, Memsize              int
	}
	Histograms map[string][]float64
}

// pings returns those of the options, decoded, and their keys.
func pings(t *testing.T, o gen.Options) (list []ping, dims [][]string, keys []string) {
	t.Helper()
	p, err := gen.NewPings(o)
	if err != nil {
		t.Fatal(err)
	}
	for rec := range p.All() {
		if !json.Valid(rec.Value) {
			t.Fatalf("not JSON: %.200s", rec.Value)
		}
		var v ping
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
		dims = append(dims, rec.Dims)
		keys = append(keys, string(rec.Key))
	}
	return list, dims, keys
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestInfoAgreesWithDims(t *testing.T) {
	list, dims, keys := pings(t, gen.Options{Pings: 150, Files: 80, Seed: 2, Variant: gen.Small})
	for i, p := range list {
		in := p.Info
		got := []string{in.Reason, in.AppName, in.AppUpdateChannel, in.AppVersion, in.AppBuildID}
		if !slices.Equal(got, dims[i][:5]) {
			t.Errorf("info has %q, the dimensions %q", got, dims[i])
		}
		date, build := dims[i][5], dims[i][4]
		if len(build) != 14 || build[:8] > date || date < "20131001" || date > "20140331" {
			t.Errorf("build %s, submitted on %s", build, date)
		}
		if p.Ver != 2 || in.CPUCount < 1 || in.Memsize < 1 || !strings.Contains(in.Revision, "/rev/") {
			t.Errorf("odd ping: %+v", in)
		}
		if !uuid.MatchString(keys[i]) {
			t.Errorf("key %q is not a UUID", keys[i])
		}
	}
}

func TestShape(t *testing.T) {
	if testing.Short() {
		t.Skip("makes and reads 400 pings")
	}
	list, dims, keys := pings(t, gen.Options{Pings: 400, Files: 100, Seed: 5})
	var buckets, zeros, windows int
	counts := make([]int, len(list))
	reason := make(map[string]string)
	repeats := 0
	for i, p := range list {
		counts[i] = len(p.Histograms)
		if p.Info.OS == "WINNT" {
			windows++
		}
		for name, a := range p.Histograms {
			checkArray(t, name, a)
			buckets += len(a) - 5
			for _, n := range a[:len(a)-5] {
				if n == 0 {
					zeros++
				}
			}
		}
		if r, ok := reason[keys[i]]; ok {
			repeats++
			if r == dims[i][0] && r == "idle-daily" {
				t.Errorf("id %s twice in idle-daily pings", keys[i])
			}
		}
		reason[keys[i]] = dims[i][0]
	}
	slices.Sort(counts)
	n := float64(len(list))
	for _, check := range []struct {
		what           string
		got, low, high float64
	}{
		{"median number of histograms", float64(counts[len(counts)/2]), 115, 131},
		{"share of empty buckets", float64(zeros) / float64(buckets), 0.70, 0.80},
		{"share of WINNT", float64(windows) / n, 0.75, 0.93},
		{"share of repeated ids", float64(repeats) / n, 0.005, 0.08},
	} {
		if check.got < check.low || check.got > check.high {
			t.Errorf("%s: %.3f, want %.2f to %.2f", check.what, check.got, check.low, check.high)
		}
	}
}

// checkArray checks that a stored array could be one: counts, then sum, log_sum, log_sum_squares, sum_squares_lo and _hi.
func checkArray(t *testing.T, name string, a []float64) {
	t.Helper()
	if len(a) < 3+5 {
		t.Fatalf("%s has %d elements", name, len(a))
	}
	counts, rest := a[:len(a)-5], a[len(a)-5:]
	var samples float64
	for _, n := range counts {
		if n < 0 || n != math.Trunc(n) {
			t.Errorf("%s has a bucket of %v", name, n)
		}
		samples += n
	}
	sum, logSum, logSquares, lo, hi := rest[0], rest[1], rest[2], rest[3], rest[4]
	exponential := lo == -1 && hi == -1
	if !exponential && (logSum != -1 || logSquares != -1 || lo < 0 || hi < 0) || exponential && (logSum < 0 || logSquares < 0) {
		t.Errorf("%s has the summary %v", name, rest)
	}
	if samples == 0 || sum < 0 || samples == counts[0] && sum != 0 {
		t.Errorf("%s has %v samples, %v of them zero, and the sum %v", name, samples, counts[0], sum)
	}
	// Cauchy and Schwarz: the mean of squares is no less than the square of the mean.
	if exponential && logSquares*samples < logSum*logSum*(1-1e-9) {
		t.Errorf("%s: log_sum %v and log_sum_squares %v of %v samples", name, logSum, logSquares, samples)
	}
}

// TestCompression checks that stores compress like stored pings of the time, about 4.7 times.
func TestCompression(t *testing.T) {
	_, stats := store(t, gen.Options{Pings: 250, Files: 2, Seed: 9})
	if ratio := float64(stats.Bytes) / float64(stats.StoredBytes); ratio < 4.2 || ratio > 5.2 {
		t.Errorf("ratio %.2f, want 4.2 to 5.2", ratio)
	}
}

func BenchmarkPings(b *testing.B) {
	for b.Loop() {
		p, err := gen.NewPings(gen.Options{Pings: 200})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for rec := range p.All() {
			n += len(rec.Value)
		}
		b.SetBytes(int64(n))
	}
}
