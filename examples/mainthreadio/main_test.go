package main

import (
	"fmt"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestMainThreadIO(t *testing.T) {
	var records []mapreducetest.Record
	dims := map[string]string{"appName": "Firefox"}
	for i := range 102 { // of which the file has 101, and one has another file, and an old report
		reports := fmt.Sprintf(`{"places.sqlite": [[%d,1,2,0,0,1], null, [%d,0,0,0,1,0]]}`, i, i%2)
		if i == 101 {
			reports = `{"old": [[1,2,3,4,5]], "other": [null, [7,0,0,0,0,0], null]}`
		}
		records = append(records,
			mapreducetest.Record{Key: fmt.Sprintf("id-%d", i), Dims: dims, Value: `{"fileIOReports": ` + reports + `}`},
			mapreducetest.Record{Key: fmt.Sprintf("none-%d", i), Dims: dims, Value: `{"fileIOReports":null}`},
		)
	}
	stats := mapreducetest.Run(t, job, records, `
Firefox	shutdown	TOTAL	101	0	0
Firefox	shutdown	places.sqlite	101	0	1
Firefox	startup	TOTAL	101	0	0
Firefox	startup	places.sqlite	101	50	4
`)
	if stats.SkippedBy["no reports"] != 102 {
		t.Errorf("skipped: %v", stats.SkippedBy)
	}
}
