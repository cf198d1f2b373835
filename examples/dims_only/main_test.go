package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestDimsOnly(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[submission_date=20140308]
		id-1 {}
		id-2 this is no JSON
		[submission_date=20140307 appName=Firefox]
		id-3 {}
	`), `
20140307	1
20140308	2
`)
}
