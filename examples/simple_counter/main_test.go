package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestSimpleCounter(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[reason=idle-daily]
		id-1 {}
		id-2 {}
		[reason=saved-session]
		id-1 {}
	`), `
id-1	2
id-2	1
`)
}
