package convert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

// BenchmarkConvert converts a ping of 300 histograms. Its MB/s are those of raw JSON.
func BenchmarkConvert(b *testing.B) {
	var defs, ping strings.Builder
	ping.WriteString(`{"ver":1,"info":{"reason":"saved-session","appName":"Firefox","appUpdateChannel":"nightly","appVersion":"30.0a1",` +
		`"appBuildID":"20140301030203","OS":"WINNT","revision":"x"},"simpleMeasurements":{"uptime":3,"start":17},"histograms":{`)
	for i := range 300 {
		name := fmt.Sprintf("SOME_HISTOGRAM_%d_MS", i)
		if i > 0 {
			ping.WriteByte(',')
			defs.WriteByte(',')
		}
		fmt.Fprintf(&defs, `"%s":{"kind":"linear","high":%d,"n_buckets":%d,"description":""}`, name, 1000, 21)
		fmt.Fprintf(&ping, `"%s":{"range":[1,1000],"bucket_count":21,"histogram_type":1,"values":{`, name)
		parsed, err := histogram.ParseDefinitions(fmt.Appendf(nil, `{"x":{"kind":"linear","high":1000,"n_buckets":21,"description":""}}`), histogram.DefinitionOptions{})
		if err != nil {
			b.Fatal(err)
		}
		def, err := parsed.Lookup("x")
		if err != nil {
			b.Fatal(err)
		}
		for k, low := range def.Ranges()[:12] {
			fmt.Fprintf(&ping, `"%d":%d,`, low, k*i%40)
		}
		ping.WriteString(`"1000":0},"sum":12345,"sum_squares_lo":4984161,"sum_squares_hi":0}`)
	}
	ping.WriteString(`},"slowSQL":{"mainThread":{},"otherThreads":{}}}`)
	parsed, err := histogram.ParseDefinitions([]byte("{"+defs.String()+"}"), histogram.DefinitionOptions{})
	if err != nil {
		b.Fatal(err)
	}
	c := convert.New(storage.DefaultSchema(), convert.Options{
		Definitions: func(string) (*histogram.Definitions, error) { return parsed, nil },
	})
	text := []byte(ping.String())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if rec, err := c.Convert(convert.Ping{Text: text, Date: "20140302"}); err != nil || rec.Dropped+rec.Mismatched > 0 {
			b.Fatal(rec, err)
		}
	}
}
