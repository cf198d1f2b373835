package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestAddonPerf(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[appName=Firefox]
		id-1 {"addonDetails": {"XPI": {"a@x": {"name": "A", "startup_MS": 10, "scan_items": 1, "scan_MS": 0.5}}}}
		id-2 {"addonDetails": {"XPI": {"a@x": {"startup_MS": 9, "scan_items": 9, "scan_MS": 0}, "b@x": {"startup_MS": 200}}}}
		id-3 {"addonDetails": {"XPI": {"a@x": {"startup_MS": 100}}}, "simpleMeasurements": {"addonManager": {"exception": {"module": "XPI", "message": "no file"}}}}
		id-4 {}
	`), `
Firefox		exception in "XPI": "no file"	{"0":1}
Firefox	a@x	scan_MS	{"0":2}
Firefox	a@x	scan_items	{"1":1,"8":1}
Firefox	a@x	startup_MS	{"8":2,"84":1}
Firefox	b@x	startup_MS	{"165":1}
`)
}
