package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestDistribution(t *testing.T) {
	mapreducetest.Run(t, jobFor([]measure{{"SHOWN", 2}, {"CLICKED", 3}}), mapreducetest.Records(t, `
		id-1 {"histograms": {"SHOWN": [1,0,0,1,-1,-1,0,0], "CLICKED": [0,2,0,0,3,-1,-1,0,0]}}
		id-2 {"histograms": {"SHOWN": [1,0,0,9,-1,-1,0,0], "CLICKED": [0,2,0,0,9,-1,-1,0,0]}}
		id-3 {"histograms": {"CLICKED": [5,10,0,0,0,-1,-1,0,0]}}
		id-4 {}
	`), `
0	0	0	0	0	1
0	0	5	10	0	1
1	0	0	2	0	2
`)
}

func TestWrongLength(t *testing.T) {
	records := mapreducetest.Records(t, `id-1 {"histograms": {"SHOWN": [1,0,1,-1,-1,0,0]}}`)
	_, _, err := mapreducetest.Check(t.Context(), jobFor([]measure{{"SHOWN", 2}}), records, mapreducetest.Options{})
	if want := `record 1 ("id-1"): SHOWN has not 2 buckets: [1,0,1,-1,-1,0,0]`; err == nil || err.Error() != want {
		t.Errorf("Check: %v, want %s", err, want)
	}
}

func TestParse(t *testing.T) {
	if got, err := parse([]string{"A=2", "B=11"}); err != nil || len(got) != 2 || got[1] != (measure{"B", 11}) {
		t.Errorf("parse: %v, %v", got, err)
	}
	for _, arg := range []string{"A", "A=", "A=0", "=x"} {
		if _, err := parse([]string{arg}); err == nil {
			t.Errorf("parse of %q succeeded", arg)
		}
	}
}
