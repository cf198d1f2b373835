package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestHistogramSums(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[appUpdateChannel=nightly appVersion=30.0a1]
		id-1 {"histograms": {"A": [1,0,2,5,0.5,0.25,-1,-1], "B": [1,0,0,0,-1,-1,0,0]}}
		id-2 {"histograms": {"A": [0,3,0,4,0.25,0.125,-1,-1], "B": {"values": {"0": 1}}}}
		[appUpdateChannel=nightly appVersion=29.0]
		id-3 {"histograms": {"A": [1,1,1,9,0,0,-1,-1]}}
		id-4 {"histograms": {"A": [1,1,9,0,0,-1,-1]}}
		id-5 {}
	`), `
nightly	29.0	A	1	[1,1,9,0,0,-1,-1]
nightly	29.0	A	1	[1,1,1,9,0,0,-1,-1]
nightly	30.0a1	A	2	[1,3,2,9,0.75,0.375,-2,-2]
nightly	30.0a1	B	1	[1,0,0,0,-1,-1,0,0]
`)
}
