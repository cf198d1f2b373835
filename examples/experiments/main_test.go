package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestExperiments(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[appUpdateChannel=beta appVersion=28.0]
		id-1 {"info": {"activeExperiment": "one@x", "activeExperimentBranch": "red"}, "log": [["EXPERIMENT_ACTIVATION", 1, "ACTIVATED", "one@x"], ["OTHER", 2]]}
		id-2 {"info": {}, "log": [["EXPERIMENT_ACTIVATION", 1, "REJECTED", "one@x", "os", 3]]}
		id-3 {"info": {}, "log": [["EXPERIMENT_TERMINATION", 9, "EXPIRED", "two@x"], ["EXPERIMENT_TERMINATION", 9, "EXPIRED", "two@x"], ["OTHER", 1, 2, 3]]}
		id-4 {}
	`), `
beta	28.0	activation	one@x	ACTIVATED	1
beta	28.0	activation	one@x	REJECTED os 3	1
beta	28.0	active	one@x	red	1
beta	28.0	termination	two@x	EXPIRED	2
beta	28.0	total			4
`)
}
