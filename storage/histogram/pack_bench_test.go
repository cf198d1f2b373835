package histogram_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram"
)

// BenchmarkPack packs histograms such as a browser sends: most have a few counts, with an empty bucket on each side, as here,
// or values in all buckets.
func BenchmarkPack(b *testing.B) {
	ds := parseDefinitions(b, `{
		"EXPONENTIAL": {"kind":"exponential","high":"10 * 1000","n_buckets":50},
		"LONG": {"kind":"exponential","high":30000,"n_buckets":1000},
		"ENUMERATED": {"kind":"enumerated","n_values":101},
		"FLAG": {"kind":"flag"}}`)
	for _, bb := range []struct {
		name    string
		from, n int
	}{
		{"EXPONENTIAL", 11, 8}, {"EXPONENTIAL", 0, 50}, {"LONG", 300, 8}, {"ENUMERATED", 40, 6}, {"FLAG", 0, 2},
	} {
		d, err := ds.Lookup(bb.name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("kind=%s/counts=%d", bb.name, bb.n), func(b *testing.B) {
			raw := raw(d, bb.from, bb.n)
			var dst []byte
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if dst, err = d.Pack(dst[:0], raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// raw returns a histogram with n counts, from a bucket on.
func raw(d *histogram.Definition, from, n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := fmt.Appendf(nil, `{"range":[%d,%d],"bucket_count":%d,"histogram_type":%d,"values":{`, d.Low, d.High, d.Buckets,
		map[string]int{"exponential": 0, "enumerated": 1, "flag": 3}[d.Kind])
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		count := int(r.ExpFloat64() * 20)
		if i == n-1 {
			count = 0
		}
		b = fmt.Appendf(b, `"%d":%d`, d.Ranges()[from+i], count)
	}
	return append(b, `},"sum":4317,"log_sum":873.474196434021,"log_sum_squares":4624.02762629435}`...)
}

func BenchmarkParseDefinitions(b *testing.B) {
	var doc []byte
	for i := range 1000 {
		doc = fmt.Appendf(doc, `%c"HISTOGRAM_OF_A_THING_%d": {
    "expires_in_version": "never",
    "alert_emails": ["someone@example.org"],
    "kind": "exponential",
    "high": "10 * 1000",
    "n_buckets": %d,
    "extended_statistics_ok": true,
    "description": "Time that a thing took, in milliseconds, which somebody was curious about"
  }`, ",{"[max(0, 1-i)], i, 10+i%50)
	}
	doc = append(doc, '}')
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := histogram.ParseDefinitions(doc, histogram.DefinitionOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
