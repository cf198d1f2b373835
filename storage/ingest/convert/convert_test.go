package convert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

const (
	revision = "https://hg.example.org/mozilla-central/rev/0123456789ab"
	foreign  = "https://other.example.org/mozilla-central/rev/0123456789ab"
	someDefs = `{
		"COUNTS": {"kind": "linear", "high": 10, "n_buckets": 4, "description": "x"},
		"YES": {"kind": "boolean", "description": "x"},
		"ODD": {"kind": "odd", "description": "x"}}`
)

// newConverter returns a Converter that knows one revision.
func newConverter(t testing.TB, o convert.Options) *convert.Converter {
	t.Helper()
	defs, err := histogram.ParseDefinitions([]byte(someDefs), histogram.DefinitionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o.Definitions = func(url string) (*histogram.Definitions, error) {
		if url == foreign {
			return nil, &convert.Error{Category: convert.ConversionError, Reason: convert.ForeignRevision}
		}
		if url != revision {
			return nil, errors.New("no such revision")
		}
		return defs, nil
	}
	return convert.New(storage.DefaultSchema(), o)
}

// TestConvert converts pings of all versions, byte by byte.
func TestConvert(t *testing.T) {
	const info = `"info":{"reason":"saved-session","appName":"Firefox","revision":"` + revision + `"}`
	for _, test := range []struct {
		name, in, out string
		dropped       int
		mismatched    int
		replaced      int
	}{
		{
			name: "counts in their buckets, no blanks, the last of equal names",
			in:   "\r\n{ \"ver\" : 1, " + info + ", \"a\" : [ 1 , 2.50 , -0 , 1E400 ] , \"a\" : {\"b\":1,\"\\u0062\":2},\n\"histograms\":{\"COUNTS\":{\"values\":{\"0\":1,\"10\":2},\"sum\":7}}} ",
			out:  `{"ver":2,` + info + `,"a":{"b":2},"histograms":{"COUNTS":[1,0,0,2,7,-1,-1,-1,-1]}}`,
		},
		{
			name:    "no usable definition",
			in:      `{"ver":1,` + info + `,"histograms":{"NONE":{"values":{}},"ODD":{"values":{}},"STARTUP_YES":{"values":{"1":3}}}}`,
			out:     `{"ver":2,` + info + `,"histograms":{"STARTUP_YES":[0,3,0,-1,-1,-1,-1,-1]}}`,
			dropped: 2,
		},
		{
			name:       "a histogram that says it has other buckets",
			in:         `{"ver":1,` + info + `,"histograms":{"YES":{"values":{"1":3},"bucket_count":9},"COUNTS":{"values":{"0":1},"range":[1,10]}}}`,
			out:        `{"ver":2,` + info + `,"histograms":{"YES":[0,3,0,-1,-1,-1,-1,-1],"COUNTS":[1,0,0,0,-1,-1,-1,-1,-1]}}`,
			mismatched: 1,
		},
		{
			name:     "strings keep their characters",
			in:       `{"ver":2,` + info + `,"s":"é\u00E9\/\u002f😀\ud83D\udE00\ud800` + "\xff\x7f" + `\n\u000a\u0001\"\\","é":1,"\u00e9":2}`,
			out:      `{"ver":2,` + info + `,"s":"\u00e9\u00e9//\ud83d\ude00\ud83d\ude00\ud800\ufffd` + "\x7f" + `\n\n\u0001\"\\","\u00e9":2}`,
			replaced: 1,
		},
		{
			name: "FirefoxOS",
			in:   `{"ver":3,"pingID":"x","deviceinfo.update_channel":"beta","deviceinfo.platform_version":"28.0","a":1}`,
			out: `{"ver":2,"deviceinfo.update_channel":"beta","deviceinfo.platform_version":"28.0","a":1,` +
				`"info":{"reason":"ftu","appUpdateChannel":"beta","appBuildID":"UNKNOWN","appVersion":"28.0","appName":"FirefoxOS"}}`,
		},
		{
			name: "main",
			in:   `{"version":4,"type":"main","application":{"name":"Firefox","channel":null},"payload":{` + info + `,"histograms":{"YES":{"values":{"0":1}}}}}`,
			out: `{"version":5,"type":"main","application":{"name":"Firefox","channel":null},"payload":{` + info + `,"histograms":{"YES":[1,0,0,-1,-1,-1,-1,-1]}},` +
				`"info":{"appName":"Firefox","reason":"main"}}`,
		},
		{
			name: "saved session: adapters, names that are taken",
			in: `{"version":4,"type":"saved-session","clientId":"c","a":1,"application":{},"payload":{"ver":4,"a":2,"info":{"revision":"` + revision + `","OS":"x"},"histograms":{}},` +
				`"environment":{"system":{"os":{"name":"Windows_NT"},"cpu":null,"gfx":{"adapters":[{"RAM":1},{"RAM":2,"GPUActive":true},{"RAM":3}]}}}}`,
			out: `{"version":5,"type":"saved-session","clientId":"c","a":1,"application":{},` +
				`"environment":{"system":{"os":{"name":"Windows_NT"},"cpu":null,"gfx":{"adapters":[{"RAM":1},{"RAM":2,"GPUActive":true},{"RAM":3}]}}},` +
				`"payload.ver":4,"payload.a":2,"histograms":{},"clientID":"c","ver":5,` +
				`"info":{"reason":"saved-session","revision":"` + revision + `","OS":"x","environment.OS":"Windows_NT","adapterRAM":1,"adapterRAM2":2,"isGPU2Active":true}}`,
		},
	} {
		c := newConverter(t, convert.Options{})
		rec, err := c.Convert(convert.Ping{Text: []byte(test.in), Date: "20140102"})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if string(rec.Value) != test.out {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, rec.Value, test.out)
		}
		if rec.Dropped != test.dropped || rec.Mismatched != test.mismatched || rec.Replaced != test.replaced {
			t.Errorf("%s: %d dropped, %d mismatched, %d replaced", test.name, rec.Dropped, rec.Mismatched, rec.Replaced)
		}
	}
}

// TestUsual: histograms as browsers write them become what they become with blanks in them, whatever is around them.
func TestUsual(t *testing.T) {
	const counts = `{"range":[1,10],"bucket_count":4,"histogram_type":1,"values":{"0":1,"10":20},"sum":77,"sum_squares_lo":1.5e3}`
	const yes = `{"range":[1,2],"bucket_count":3,"histogram_type":2,"values":{"0":7,"1":0},"sum":0}`
	deep := strings.Repeat(`{"a":`, 505) + counts + strings.Repeat("}", 505)
	in := `{"ver":1,"info":{"revision":"` + revision + `"},"histograms":{"COUNTS":` + yes + `,"YES":` + yes + `,"COUNTS":` + counts + `,"STARTUP_YES":` + yes +
		`},"keyedHistograms":{"x":` + yes + `,"x":{"y":` + counts + `}},"deep":` + deep + `,"list":[` + counts + `,` + yes + `]}`
	want := `{"ver":2,"info":{"revision":"` + revision + `"},"histograms":{"YES":[7,0,0,0,-1,-1,-1,-1],"COUNTS":[1,0,0,20,77,-1,-1,1.5e3,-1],"STARTUP_YES":[7,0,0,0,-1,-1,-1,-1]` +
		`},"keyedHistograms":{"x":{"y":` + counts + `}},"deep":` + deep + `,"list":[` + counts + `,` + yes + `]}`
	c := newConverter(t, convert.Options{Strict: true})
	for _, text := range []string{in, strings.ReplaceAll(in, `,"`, `, "`)} {
		if rec, err := c.Convert(convert.Ping{Text: []byte(text)}); err != nil || string(rec.Value) != want {
			t.Errorf("%s becomes %v, %v, want %s", text, rec, err, want)
		}
	}
	for n := 500; n < 515; n++ {
		one := strings.Repeat(`[`, n) + counts + strings.Repeat("]", n)
		_, err := c.Convert(convert.Ping{Text: []byte(`{"ver":2,"info":{},"a":` + one + `}`)})
		_, other := c.Convert(convert.Ping{Text: []byte(`{"ver":2,"info":{},"a":` + strings.Replace(one, ",", ", ", 1) + `}`)})
		if (err == nil) != (other == nil) || (err == nil) != (n <= 509) {
			t.Errorf("at depth %d: %v; with a blank: %v", n, err, other)
		}
	}
}

// TestRefused names the category of what cannot be converted, and the reason.
func TestRefused(t *testing.T) {
	const info = `"info":{"revision":"` + revision + `"}`
	of := func(reason convert.Reason) [2]string {
		return [2]string{string(convert.ConversionError), string(reason)}
	}
	bad := func(category convert.Category, reason convert.Reason) [2]string {
		return [2]string{string(category), string(reason)}
	}
	for _, test := range []struct {
		in   string
		want [2]string
	}{
		{``, of(convert.NotJSON)},
		{`[]`, of(convert.NotObject)},
		{`{"ver":2,"info":{}} {}`, of(convert.NotJSON)},
		{"\ufeff" + `{"ver":2,"info":{}}`, of(convert.NotJSON)},
		{`{"ver":2,"info":{},"a":01}`, of(convert.NotJSON)},
		{`{"ver":2,"info":{},"a":NaN}`, of(convert.NotJSON)},
		{`{"ver":2,"info":{},"a":"\x"}`, of(convert.NotJSON)},
		{`{"ver":2,"info":{},"a":"` + "\t" + `"}`, bad(convert.InvalidControlChar, "")},
		{`{"ver":2,"info":{},"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`, of(convert.TooDeep)},
		{`{"ver":2,"info":{},"a":{` + strings.Repeat(`"":0,`, 1<<17) + `"":0}}`, of(convert.TooManyMembers)},
		{`{"info":{}}`, of(convert.NoVersion)},
		{`{"ver":1.0,"info":{}}`, of(convert.UnknownVersion)},
		{`{"version":3}`, of(convert.UnknownVersion)},
		{`{"ver":2}`, of(convert.Incomplete)},
		{`{"ver":1,` + info + `}`, of(convert.Incomplete)},
		{`{"ver":2,"info":[]}`, of(convert.Misshapen)},
		{`{"version":4,"type":"main","application":"x","payload":{}}`, of(convert.Misshapen)},
		{`{"version":4,"type":"main","application":{},"payload":{}}`, of(convert.Incomplete)},
		{`{"ver":1,"info":{"revision":"/rev/"},"histograms":{}}`, bad(convert.MissingRevisionRepo, "")},
		{`{"ver":1,"info":{"revision":null},"histograms":{}}`, bad(convert.MissingRevision, "")},
		{`{"ver":1,"info":{"revision":"` + revision + `1"},"histograms":{}}`, of(convert.NoDefinitions)},
		{`{"ver":1,"info":{"revision":"` + foreign + `"},"histograms":{}}`, of(convert.ForeignRevision)},
		{`{"ver":1,` + info + `,"histograms":[]}`, of(convert.Misshapen)},
		{`{"ver":1,` + info + `,"histograms":{"COUNTS":[]}}`, of(convert.OddHistogram)},
		{`{"ver":1,` + info + `,"histograms":{"COUNTS":{"values":{"3":1}}}}`, bad(convert.BadPayload, convert.NoBucket)},
		{`{"ver":1,` + info + `,"histograms":{"COUNTS":{"values":{"0":true}}}}`, bad(convert.BadPayload, convert.NoCount)},
		{`{"ver":1,` + info + `,"histograms":{"COUNTS":{"values":{"x":1}}}}`, bad(convert.BadPayload, convert.NoBucket)},
		{`{"ver":1,` + info + `,"histograms":{"YES":{"values":{"1":3},"bucket_count":9}}}`, bad(convert.Mismatch, convert.OtherBucketCount)},
	} {
		_, err := newConverter(t, convert.Options{Strict: true}).Convert(convert.Ping{Text: []byte(test.in)})
		refused, ok := errors.AsType[*convert.Error](err)
		if !ok || [2]string{string(refused.Category), string(refused.Reason)} != test.want || refused.Cause() == "" {
			t.Errorf("%.80s: %v, want %s", test.in, err, test.want)
		}
	}
}

// TestFallback converts pings that name no revision.
func TestFallback(t *testing.T) {
	c := newConverter(t, convert.Options{Fallback: func(channel, build, _ string) (string, bool) {
		return revision, channel == "beta" && build == "20140101"
	}})
	rec, err := c.Convert(convert.Ping{Text: []byte(`{"ver":1,"info":{"appUpdateChannel":"beta","appBuildID":"20140101"},"histograms":{"YES":{"values":{}}}}`)})
	want := `{"ver":2,"info":{"appUpdateChannel":"beta","appBuildID":"20140101","revision":"` + revision + `","revisionFrom":"calendar"},"histograms":{"YES":[0,0,0,-1,-1,-1,-1,-1]}}`
	if err != nil || string(rec.Value) != want || !rec.Fallback {
		t.Errorf("%v, %v, want %s", rec, err, want)
	}
	rec, err = c.Convert(convert.Ping{Text: []byte(`{"version":4,"type":"main","application":{"channel":"beta","buildId":"20140101"},"payload":{"info":{},"histograms":{}}}`)})
	want = `{"version":5,"type":"main","application":{"channel":"beta","buildId":"20140101"},"payload":{"info":{"revision":"` + revision +
		`","revisionFrom":"calendar"},"histograms":{}},"info":{"appUpdateChannel":"beta","appBuildID":"20140101","reason":"main"}}`
	if err != nil || string(rec.Value) != want || !rec.Fallback {
		t.Errorf("unified: %v, %v, want %s", rec, err, want)
	}
	rec, err = c.Convert(convert.Ping{Text: []byte(`{"ver":1,"info":{"revisionFrom":"calendar","revision":"` + revision + `","a":1},"histograms":{}}`)})
	want = `{"ver":2,"info":{"revision":"` + revision + `","a":1},"histograms":{}}`
	if err != nil || string(rec.Value) != want || rec.Fallback {
		t.Errorf("with a mark of its own: %v, %v, want %s", rec, err, want)
	}
	_, err = c.Convert(convert.Ping{Text: []byte(`{"ver":1,"info":{"appUpdateChannel":"beta","appBuildID":"2"},"histograms":{}}`)})
	if refused, ok := errors.AsType[*convert.Error](err); !ok || refused.Category != convert.MissingRevision {
		t.Errorf("%v, want %s", err, convert.MissingRevision)
	}
}

// TestDims takes the dimensions from info, as they are.
func TestDims(t *testing.T) {
	in := `{"ver":2,"info":{"reason":"a\/b","appName":7,"appUpdateChannel":null,"appVersion":"","appBuildID":{"x":[1]}}}`
	rec, err := newConverter(t, convert.Options{}).Convert(convert.Ping{Text: []byte(in), Date: "20140102"})
	want := []string{"a/b", "7", "UNKNOWN", "", `{"x":[1]}`, "20140102"}
	if err != nil || !slices.Equal(rec.Dims, want) {
		t.Errorf("%v, %v, want %q", rec, err, want)
	}
}

// TestManyMembers finds the last of equal names among many.
func TestManyMembers(t *testing.T) {
	var in, out strings.Builder
	for i := range 2000 {
		name := string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
		in.WriteString(`,"` + name + `": ` + string(rune('0'+i/1000)))
		if i >= 1000 {
			out.WriteString(`,"` + name + `":1`)
		}
	}
	rec, err := newConverter(t, convert.Options{}).Convert(convert.Ping{Text: []byte(`{"ver":2,"info":{}` + in.String() + `}`)})
	if want := `{"ver":2,"info":{}` + out.String() + `}`; err != nil || string(rec.Value) != want {
		t.Errorf("%.100s, %v, want %.100s", rec.Value, err, want)
	}
}

// FuzzConvert compares what is stored of any JSON with what encoding/json reads.
func FuzzConvert(f *testing.F) {
	for _, in := range []string{
		`[1,{"a":[true,null,-1.5e-3]}]`, `{"a":1,"a":{},"\u0061":2}`, `"\ud800\ud83d\ude00é"`, "\"\xff\xc3\"", "{\"a\" :\t\"b\" }", `[`, `"\u12`, `-`, `1e`,
		`0,"ver":1,"histograms":{"YES":{"values":{"0":1}}},"info":{"revision":"` + revision + `"}`,
		`0,"ver":9,"version":4`, `0,"type":"saved-session","application":{},"environment":{"system":{"gfx":{"adapters":[1,[]]}}},"payload":{"ver":1}`,
	} {
		f.Add([]byte(in))
	}
	c := newConverter(f, convert.Options{})
	f.Fuzz(func(t *testing.T, in []byte) {
		in = slices.Concat([]byte(`{"ver":2,"info":{},"x":`), in, []byte(`}`))
		rec, err := c.Convert(convert.Ping{Text: in, Addr: in})
		if err != nil {
			if json.Valid(in) && !strings.Contains(err.Error(), "version") && !strings.Contains(err.Error(), "deeply") && !strings.Contains(err.Error(), "info") &&
				!strings.Contains(err.Error(), "histogram") && !strings.Contains(err.Error(), "revision") {
				t.Fatalf("%s: %v", in, err)
			}
			return
		}
		if !json.Valid(in) || !json.Valid(rec.Value) {
			t.Fatalf("%s: %s", in, rec.Value)
		}
		if i := bytes.IndexFunc(rec.Value, func(r rune) bool { return r < ' ' || r >= utf8.RuneSelf }); i >= 0 {
			t.Fatalf("%s: byte %d of %s is not printable ASCII", in, i, rec.Value)
		}
		out := slices.Clone(rec.Value)
		if !bytes.Contains(in, []byte(`"ver":1`)) && !bytes.Contains(in, []byte("FirefoxOS")) && !bytes.Contains(in, []byte(`\u`)) {
			var want, got any
			decodeAll(in, &want)
			decodeAll(out, &got)
			if v, ok := want.(map[string]any)["ver"]; ok && v == json.Number("2") && !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %s", in, out)
			}
		}
		again, err := c.Convert(convert.Ping{Text: out, Addr: in})
		if err != nil || !bytes.Equal(again.Value, out) {
			t.Fatalf("%s again: %v, %v", out, again, err)
		}
	})
}

func decodeAll(text []byte, v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(v) // valid
}
