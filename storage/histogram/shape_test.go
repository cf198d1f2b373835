package histogram_test

import (
	"slices"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestShape(t *testing.T) {
	for text, want := range map[string]histogram.Shape{
		"[]":                               {Len: 0, Counts: true},
		"[1,2]":                            {Len: 2, Counts: true},
		"[-1,-1]":                          {Len: 2, Counts: true, Negative: true},
		"[0,3,0,7,1.5,2.5,-1,-1]":          {Len: 8, Counts: true, Missing: 0b11000},
		"[0,3,0,7,-1,-1,12,0]":             {Len: 8, Counts: true, Missing: 0b00110},
		"[0,-3,0,-1,-1,-1,-1,-1]":          {Len: 8, Counts: false, Missing: 0b11111, Negative: true},
		"[0.5,3,0,7,1,1,1,1]":              {Len: 8, Counts: false},
		"[-70000,3,0,7,1,1,1,1]":           {Len: 8, Counts: false, Negative: true},
		"[70000,1e300,0,7,1,1,1,1]":        {Len: 8, Counts: false, Large: true},
		"[1,0,0,-5,-0.5,1,1,1]":            {Len: 8, Counts: true, Negative: true},
		"[1,0,0,9007199254740993,1,1,1,1]": {Len: 8, Counts: true, Large: true},
		"[1,0,0,9007199254740992,1,1,1,1]": {Len: 8, Counts: true},
		"[70000,3,5000000000,-7,1,1,1,1]":  {Len: 8, Counts: true, Negative: true},
		"[1,0,0,0,-1,0]":                   {Len: 6, Counts: true, Missing: 0b01000},
	} {
		if got := parse(t, text).Shape(); got != want {
			t.Errorf("shape of %s is %+v, want %+v", text, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	for _, text := range []string{"[]", "[0]", "[0,0,1,0]", "[1,2.5,-1,300,1e+300]"} {
		a := parse(t, text)
		elements := []float64{}
		for _, x := range a.Elements() {
			elements = append(elements, x)
		}
		b := histogram.Of(elements...)
		if b.String() != a.String() || b.N() != 1 || !slices.Equal(binaryOf(t, a), binaryOf(t, b)) {
			t.Errorf("Of(%v) = %s, want %s", elements, b, a)
		}
	}
}

func TestEach(t *testing.T) {
	rec := storage.NewRecord(nil, []byte(`{"h":{"A":[1],"B":{"raw":1},"C":[1e999],"D":[2]}}`), storage.Dims{})
	var got []string
	histogram.Each(rec.Get("h"), func(name string, a histogram.Array, ok bool) bool {
		if ok {
			name += a.String()
		}
		got = append(got, name)
		return name != "C"
	})
	if want := []string{"A[1]", "B", "C"}; !slices.Equal(got, want) || rec.Err() != nil {
		t.Errorf("Each visits %q, want %q; %v", got, want, rec.Err())
	}
}
