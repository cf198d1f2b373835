package convert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

// TestManyToMove moves members of a saved session, so many that to look for each among all others takes seconds.
func TestManyToMove(t *testing.T) {
	var members, moved strings.Builder
	for i := range 40000 {
		fmt.Fprintf(&members, `,"%d":0`, i)
		fmt.Fprintf(&moved, `,"payload.%d":0`, i)
	}
	many := members.String()
	in := `{"version":4,"type":"saved-session","application":{},"environment":{}` + many +
		`,"payload":{"ver":4,"info":{"a":1` + many + `},"histograms":{},"info":{"revision":"` + revision + `"` + many + `}` + many + `}}`
	rec, err := newConverter(t, convert.Options{}).Convert(convert.Ping{Text: []byte(in)})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":5,"type":"saved-session","application":{},"environment":{}` + many + `,"payload.ver":4,"histograms":{}` + moved.String() +
		`,"clientID":null,"ver":5,"info":{"reason":"saved-session","revision":"` + revision + `"` + many + `}}`
	if string(rec.Value) != want {
		t.Errorf("%.1000s, want %.1000s", rec.Value, want)
	}
}
