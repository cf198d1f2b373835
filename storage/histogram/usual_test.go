package histogram_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram"
)

const usual = `{"range":[1,100],"bucket_count":5,"histogram_type":0,"values":{"0":1,"1":2,"5":1234567,"22":0},"sum":77,"log_sum":-4.25e-3}`

func TestUsual(t *testing.T) {
	for _, text := range []string{
		usual,
		`{"range":[1,2],"bucket_count":3,"histogram_type":3,"values":{"0":1},"sum":0,"sum_squares_lo":0,"sum_squares_hi":0}`,
		`{"range":[1,2],"bucket_count":3,"histogram_type":3,"values":{"0":1},"sum":0}`,
	} {
		for _, behind := range []string{"", "}", ",\"x\""} {
			if n := histogram.Usual([]byte(text + behind)); n != len(text) {
				t.Errorf("Usual(%s) = %d, want %d", text+behind, n, len(text))
			}
		}
	}
	for from, to := range map[string]string{
		`"1":2`:         `"1": 2`,
		`1,100]`:        `1,0100]`,
		`"22"`:          `"5"`,
		`"5"`:           `"05"`,
		`"0":1,"1"`:     `"1":1,"0"`,
		`1234567`:       `12345678`,
		`:2`:            `:02`,
		`:0}`:           `:0]`,
		`77`:            `"77"`,
		`-4.25e-3`:      `-4.`,
		`-4.25e-3}`:     `-4.25e-3,"log_sum":1}`,
		`,"sum":77`:     `,"sum":77,"sum":78`,
		`"values"`:      `"v\u0061lues"`,
		`"bucket_count`: `"Bucket_count`,
		`"sum":77,`:     `"sum":77}`,
	} {
		text := strings.Replace(usual, from, to, 1)
		if n := histogram.Usual([]byte(text)); n == len(text) {
			t.Errorf("Usual(%s) = %d", text, n)
		}
	}
	for i := range usual {
		if n := histogram.Usual([]byte(usual[:i])); n != 0 {
			t.Errorf("Usual(%s) = %d", usual[:i], n)
		}
	}
}

// FuzzUsual compares what is gone over with what encoding/json reads of it.
func FuzzUsual(f *testing.F) {
	f.Add([]byte(usual))
	f.Add([]byte(`{"range":[1,2],"bucket_count":3,"histogram_type":3,"values":{"0":1},"sum":0,"sum_squares_lo":0,"sum_squares_hi":0},`))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = text[:histogram.Usual(text)]
		if len(text) == 0 {
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil || !bytes.Equal(compact.Bytes(), text) {
			t.Fatalf("%q: %v", text, err)
		}
		var h struct {
			All    map[string]any
			Values map[string]json.Number
		}
		if err := json.Unmarshal(fmt.Appendf(nil, `{"All":%s}`, text), &h); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &h); err != nil {
			t.Fatal(err)
		}
		if names := len(h.All) + len(h.Values); names != bytes.Count(text, []byte(`":`)) {
			t.Fatalf("%q has %d different names", text, names)
		}
	})
}
