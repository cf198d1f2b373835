package histogram_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// small has the buckets 0 1 5 22 100.
func small(t testing.TB) *histogram.Definition {
	t.Helper()
	d, err := parseDefinitions(t, `{"SMALL":{"kind":"exponential","high":100,"n_buckets":5}}`).Lookup("SMALL")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPack(t *testing.T) {
	d := small(t)
	for raw, want := range map[string]string{
		`{"values":{}}`: `[0,0,0,0,0,-1,-1,-1,-1,-1]`,
		`{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"0":1,"1":2,"5":30,"22":0},"sum":77,"log_sum":4.25,"log_sum_squares":18.980913162231445}`: `[1,2,30,0,0,77,4.25,18.980913162231445,-1,-1]`,
		`{"values":{"100":5}}`:                            `[0,0,0,0,5,-1,-1,-1,-1,-1]`,
		`{"values":{"100":5,"0":1,"5":2}}`:                `[1,0,2,0,5,-1,-1,-1,-1,-1]`,
		`{"values":{"5":1,"5":2,"5":3}}`:                  `[0,0,3,0,0,-1,-1,-1,-1,-1]`,
		`{"values":{"5":1},"values":{"1":2}}`:             `[0,2,0,0,0,-1,-1,-1,-1,-1]`,
		`{"sum":1,"values":{},"sum":2}`:                   `[0,0,0,0,0,2,-1,-1,-1,-1]`,
		`{"v\u0061lues":{"1":2},"s\u0075m":3}`:            `[0,2,0,0,0,3,-1,-1,-1,-1]`,
		`{"values":{"1":123456789012345678901234567890}}`: `[0,123456789012345678901234567890,0,0,0,-1,-1,-1,-1,-1]`,
		`{"values":{"1":-7,"5":-0}}`:                      `[0,-7,0,0,0,-1,-1,-1,-1,-1]`,
		`{"values":{},"sum":1.10,"log_sum":1E5,"sum_squares_lo":null,"sum_squares_hi":-0.0}`:                             `[0,0,0,0,0,1.10,1E5,-1,null,-0.0]`,
		`{"values":{},"sum":"a \"b\" é\u00e9` + "\U0001f600" + `","log_sum":[ 1, {"a" : "b c"} ],"sum_squares_hi":true}`: `[0,0,0,0,0,"a \"b\" \u00e9\u00e9\ud83d\ude00",[1,{"a":"b c"}],-1,-1,true]`,
		" {\n \"values\" : { \"0\" : 1 ,\t\"1\" : 2 } ,\r\n \"other\" : [ \"}\" , {} ] , \"sum\" : 3 } \n":               `[1,2,0,0,0,3,-1,-1,-1,-1]`,
	} {
		const before = "before"
		got, err := d.Pack([]byte(before), []byte(raw))
		if err != nil || string(got) != before+want {
			t.Errorf("Pack(%s) = %s, %v, want %s", raw, got, err, want)
		}
	}
}

func TestPackFaults(t *testing.T) {
	d := small(t)
	const nothing = ""
	const packed = `[0,1,0,0,0,-1,-1,-1,-1,-1]`
	for _, tt := range []struct {
		raw   string
		fault histogram.Fault
		want  string
	}{
		{``, histogram.FaultSyntax, nothing},
		{`[0,1,0,0,0,-1,-1,-1,-1,-1]`, histogram.FaultSyntax, nothing},
		{`null`, histogram.FaultSyntax, nothing},
		{`{`, histogram.FaultSyntax, nothing},
		{`{}x`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1}]`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1,}}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1" 1}}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":}}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":01}}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1x}}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":nul}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":01}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":1.}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":[1}`, histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum":[1}}`, histogram.FaultSyntax, nothing},
		{"{\"values\":{\"1\":1},\"sum\":\"a\tb\"}", histogram.FaultSyntax, nothing},
		{"{\"values\":{\"1\":1},\"sum\":\"\\x\"}", histogram.FaultSyntax, nothing},
		{`{"values":{"1":1},"sum`, histogram.FaultSyntax, nothing},

		{`{}`, histogram.FaultValues, nothing},
		{`{"sum":1}`, histogram.FaultValues, nothing},
		{`{"values":null}`, histogram.FaultValues, nothing},
		{`{"values":[1]}`, histogram.FaultValues, nothing},

		{`{"values":{"2":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"101":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"-1":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"01":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"1.0":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{" 1":1}}`, histogram.FaultBucket, nothing},
		{`{"values":{"18446744073709551617":1}}`, histogram.FaultBucket, nothing},

		{`{"values":{"1":2.0}}`, histogram.FaultCount, nothing},
		{`{"values":{"1":2e1}}`, histogram.FaultCount, nothing},
		{`{"values":{"1":"2"}}`, histogram.FaultCount, nothing},
		{`{"values":{"1":true}}`, histogram.FaultCount, nothing},
		{`{"values":{"1":null}}`, histogram.FaultCount, nothing},
		{`{"values":{"1":{}}}`, histogram.FaultCount, nothing},

		{`{"values":{"1":1},"histogram_type":1}`, histogram.FaultType, packed},
		{`{"values":{"1":1},"histogram_type":"0"}`, histogram.FaultType, packed},
		{`{"values":{"1":1},"range":[1,99]}`, histogram.FaultRange, packed},
		{`{"values":{"1":1},"range":[1]}`, histogram.FaultRange, packed},
		{`{"values":{"1":1},"range":100}`, histogram.FaultRange, packed},
		{`{"values":{"1":1},"range":[1,100,2]}`, histogram.FaultRange, packed},
		{`{"values":{"1":1},"bucket_count":6,"range":[ 1, 100 ]}`, histogram.FaultBucketCount, packed},
		{`{"values":{"2":1},"bucket_count":6}`, histogram.FaultBucket, nothing},
	} {
		const before = "before"
		got, err := d.Pack([]byte(before), []byte(tt.raw))
		e, ok := errors.AsType[*histogram.PackError](err)
		if !ok || e.Fault != tt.fault || e.Name != "SMALL" || e.Fault.Packed() != (tt.want != nothing) || string(got) != before+tt.want {
			t.Errorf("Pack(%q) = %q, %v, want %v and %s", tt.raw, got, err, tt.fault, tt.want)
		}
	}
}

// TestPackKinds: the codes are those of browsers.
func TestPackKinds(t *testing.T) {
	for kind, code := range map[string]int{"exponential": 0, "linear": 1, "enumerated": 1, "boolean": 2, "flag": 3, "count": 4, "categorical": 5} {
		d, err := parseDefinitions(t, `{"H":{"kind":"`+kind+`","low":1,"high":9,"n_buckets":4,"n_values":60}}`).Lookup("H")
		if err != nil {
			t.Fatal(err)
		}
		raw := fmt.Sprintf(`{"values":{},"histogram_type":%d,"range":[%d,%d],"bucket_count":%d}`, code, d.Low, d.High, d.Buckets)
		if _, err := d.Pack(nil, []byte(raw)); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestPackAllocates(t *testing.T) {
	d := small(t)
	dst := make([]byte, 0, 1<<10)
	for _, raw := range []string{
		`{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"0":1,"1":2,"5":30,"22":0},"sum":77,"log_sum":4.25}`,
		`{"values":{"22":0,"5":30,"1":2,"0":1},"sum":77}`,
	} {
		text := []byte(raw)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := d.Pack(dst, text); err != nil {
				t.Fatal(err)
			}
		}); n > 0.5 {
			t.Errorf("%v allocations to pack %s", n, raw)
		}
	}
}

// FuzzPack: whatever is packed is an array for a record, as long as it should be, and unpacks.
func FuzzPack(f *testing.F) {
	f.Add([]byte(`{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"0":1,"1":2,"5":30,"22":0},"sum":77,"log_sum":4.25}`))
	f.Add([]byte(`{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"1":1234567,"100":0},"sum":-7.5e3,"sum_squares_lo":1}`))
	f.Add([]byte(`{"values":{"22":0,"5":-0,"1":2,"0":123456789012345678901234567890},"sum":null,"log_sum":"\u00e9é","sum_squares_lo":[1, 2]}`))
	f.Add([]byte(`{"v\u0061lues":{"1":1.5}} `))
	f.Add([]byte(`[0,1,0,-7,0,12,null,{"a":[1]},-1,"x"]`))
	d := small(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if dst, err := d.Unpack(nil, raw); err != nil && len(dst) > 0 {
			t.Fatalf("%q with %v", dst, err)
		}
		dst, err := d.Pack(nil, raw)
		e, ok := errors.AsType[*histogram.PackError](err)
		// A blank in front means nothing, but that it is not as browsers write it.
		blank, err2 := d.Pack(nil, append([]byte{' '}, raw...))
		e2, ok2 := errors.AsType[*histogram.PackError](err2)
		if !bytes.Equal(dst, blank) || ok != ok2 || ok && e.Fault != e2.Fault {
			t.Fatalf("%q becomes %q, %v, but %q, %v with a blank in front", raw, dst, err, blank, err2)
		}
		if err != nil && (!ok || e.Error() == "" || e.Fault.String() == "") {
			t.Fatalf("error %#v", err)
		}
		if err != nil && !e.Fault.Packed() {
			if len(dst) > 0 {
				t.Fatalf("%q with %v", dst, err)
			}
			return
		}
		if strings.ContainsFunc(string(dst), func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			t.Fatalf("%q is not plain", dst)
		}
		raw, err = d.Unpack(nil, dst)
		if again, err2 := d.Pack(nil, raw); err != nil || err2 != nil || !bytes.Equal(again, dst) {
			t.Fatalf("%s becomes %s, %v, %v, by %s", dst, again, err, err2, raw)
		}
		rec := storage.NewRecord(nil, []byte(`{"h":`+string(dst)+`}`), storage.Dims{})
		n := 0
		for range rec.Get("h").Elements() {
			n++
		}
		if n != 10 || rec.Err() != nil {
			t.Fatalf("%s has %d elements, %v", dst, n, rec.Err())
		}
	})
}
