package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestTrivial(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		abcd {}
		abce {}
		ab   {}
		x    {}
	`), `
ab	1
abc	2
x	1
`)
}
