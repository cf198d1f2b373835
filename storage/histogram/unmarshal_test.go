package histogram_test

import (
	"encoding/json"
	"testing"

	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestUnmarshalJSON(t *testing.T) {
	var a struct{ Sums histogram.Array }
	if err := json.Unmarshal([]byte(`{"Sums": [1,0,2.5,null]}`), &a); err != nil || a.Sums.String() != "[1,0,2.5,0]" {
		t.Errorf("Sums = %s, %v", a.Sums, err)
	}
	for _, text := range []string{"", "[", "{}", "[1]x", `["1"]`, "[1e999]"} {
		if err := a.Sums.UnmarshalJSON([]byte(text)); err == nil || a.Sums.Len() != 4 {
			t.Errorf("UnmarshalJSON(%q): %v, then %s", text, err, a.Sums)
		}
	}
}
