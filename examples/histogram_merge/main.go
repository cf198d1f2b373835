// Histogram_merge adds up the histograms of records that were stored as they were sent (version 1): objects with a count for
// each bucket that is not empty, and their sum. A row has the total as an object of the same form.
package main

import (
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Total is the sum of histograms.
type Total struct {
	Pings  int            `json:"pings"`
	Sum    int            `json:"sum"`
	Values map[string]int `json:"values"`
}

var job = mapreduce.Job[string, Total]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, Total]) error {
		if ver, _ := rec.Get("ver").Int(); ver != 1 {
			out.Skip("not version 1")
			return nil
		}
		for name, h := range rec.Get("histograms").Members() {
			if strings.Contains(name, " ") {
				continue
			}
			t := Total{Pings: 1, Values: map[string]int{}}
			sum, _ := h.Get("sum").Int()
			t.Sum = int(sum)
			for low, v := range h.Get("values").Members() {
				if n, ok := v.Int(); ok && !strings.Contains(low, " ") {
					t.Values[low] += int(n)
				}
			}
			out.Emit(name, t)
		}
		return nil
	},
	Combine: func(acc *Total, v Total) {
		acc.Pings += v.Pings
		acc.Sum += v.Sum
		for low, n := range v.Values {
			acc.Values[low] += n
		}
	},
	Columns: []string{"histogram", "total"},
}

func main() { mapreduce.Serve(job) }
