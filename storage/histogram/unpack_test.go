package histogram_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestUnpack(t *testing.T) {
	d := small(t)
	const packed = ` [1, 0,30,-7,0,77.10,4.25,null,-1,"x" ] `
	const want = `{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"0":1,"5":30,"22":-7},"sum":77.10,"log_sum":4.25,"log_sum_squares":null,"sum_squares_hi":"x"}`
	got, err := d.Unpack([]byte("before"), []byte(packed))
	if err != nil || string(got) != "before"+want {
		t.Errorf("Unpack = %s, %v, want %s", got, err, want)
	}
	for raw, fault := range map[string]histogram.Fault{
		``:                                histogram.FaultSyntax,
		`{"values":{}}`:                   histogram.FaultSyntax,
		`[0,0,0,0,0,-1,-1,-1,-1,-1`:       histogram.FaultSyntax,
		`[0,0,0,0,0,-1,-1,-1,-1,-1]]`:     histogram.FaultSyntax,
		`[0,0,0,0,0,-1,-1,-1,-1,]`:        histogram.FaultSyntax,
		`[]`:                              histogram.FaultBucketCount,
		`[0,0,0,0,0,-1,-1,-1,-1]`:         histogram.FaultBucketCount,
		`[0,0,0,0,0,-1,-1,-1,-1,-1,-1]`:   histogram.FaultBucketCount,
		`[0,0,0,1.5,0,-1,-1,-1,-1,-1]`:    histogram.FaultCount,
		`[0,0,0,null,0,-1,-1,-1,-1,-1]`:   histogram.FaultCount,
		`[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]`: histogram.FaultBucketCount,
	} {
		got, err := d.Unpack([]byte("before"), []byte(raw))
		if e, ok := errors.AsType[*histogram.PackError](err); !ok || e.Fault != fault || string(got) != "before" {
			t.Errorf("Unpack(%s) = %s, %v, want %v", raw, got, err, fault)
		}
	}
}

// TestUnpackPack: what is unpacked packs to the same array.
func TestUnpackPack(t *testing.T) {
	ds := parseDefinitions(t, `{
		"A": {"kind":"exponential","high":30000,"n_buckets":20},
		"B": {"kind":"linear","low":10,"high":200,"n_buckets":9},
		"C": {"kind":"boolean"}}`)
	rapid.Check(t, func(t *rapid.T) {
		d, err := ds.Lookup(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "definition"))
		if err != nil {
			t.Fatal(err)
		}
		var elements []string
		for range d.Buckets {
			n := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 20), rapid.Int64()).Draw(t, "count")
			elements = append(elements, fmt.Sprint(n))
		}
		for range 5 {
			elements = append(elements, rapid.SampledFrom([]string{"-1", "0", "1.10", "1e9", "null", "18446744073709551616"}).Draw(t, "summary"))
		}
		packed := "[" + strings.Join(elements, ",") + "]"
		raw, err := d.Unpack(nil, []byte(packed))
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.Pack(nil, raw)
		if err != nil || string(again) != packed {
			t.Fatalf("%s becomes %s, %v, by %s", packed, again, err, raw)
		}
	})
}
