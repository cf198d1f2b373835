package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestLoopFailures(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[reason=loop submission_date=20140307]
		id-1 {"report": "ice failure", "connectionstate": "connecting"}
		id-2 {"report": "other"}
		[reason=loop submission_date=20140308]
		id-1 {"report": "ice failure", "connectionstate": "starting"}
		id-0 {"report": "ice failure"}
	`), `
20140308		{"report": "ice failure"}
20140307	connecting	{"report": "ice failure", "connectionstate": "connecting"}
`)
}
