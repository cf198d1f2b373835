package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestOSDistribution(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		id-1 {"info": {"OS": "Linux"}}
		id-2 {"info": {"OS": "WINNT"}}
		id-3 {"info": {"OS": "Linux"}}
		id-4 {"info": {}}
	`), `
Linux	2
WINNT	1
`)
}
