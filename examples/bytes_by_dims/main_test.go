package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestBytesByDims(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[reason=ftu appName=FirefoxOS appVersion=28.0 submission_date=20140308]
		id-1 {"a": 1}
		id-2 {}
		[submission_date=20140309]
		id-3 {"b": 22}
	`), `
OTHER/OTHER/OTHER/OTHER/OTHER/20140309	9
ftu/FirefoxOS/OTHER/28.0/OTHER/20140308	10
`)
}
