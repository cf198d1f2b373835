package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestActiveExperiments(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[appUpdateChannel=nightly]
		id-2 {"info": {"activeExperiment": "one@x"}}
		id-1 {"info": {"activeExperiment": "one@x"}}
		id-3 {"info": {}}
		[appUpdateChannel=aurora]
		id-4 {"info": {"activeExperiment": "two@x"}}
	`), `
id-4	aurora
id-2	nightly
id-1	nightly
`)
}
