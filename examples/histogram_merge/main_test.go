package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestHistogramMerge(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		id-1 {"ver": 1, "histograms": {"A": {"sum": 5, "values": {"0": 1, "12": 2}}, "B C": {"sum": 1, "values": {}}}}
		id-2 {"ver": 1, "histograms": {"A": {"sum": 7, "values": {"12": 1, "3": 4, "4 5": 6}}}}
		id-3 {"ver": 2, "histograms": {"A": [1,2,3]}}
		id-4 {"ver": 1}
	`), `
A	{"pings":2,"sum":12,"values":{"0":1,"12":3,"3":4}}
`)
}
