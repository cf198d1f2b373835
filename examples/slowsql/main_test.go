package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestSlowSQL(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		[appName=Firefox appVersion=30.0a1 appUpdateChannel=nightly submission_date=20140308]
		id-1 {"slowSQL": {"mainThread": {}, "otherThreads": {"SELECT 'a', \"b\"": [60, 120], "SELECT 'c', 'd'": [30, 70], "rare": [100, 5]}}}
		id-2 {"slowSQL": {"mainThread": {"SELECT 'a'": [101, 303]}, "otherThreads": {"SELECT 'e', 'f'": [11, 77]}}}
		id-3 {}
		[appName=Firefox appVersion=30.0a1 appUpdateChannel=nightly submission_date=20140309]
		id-4 {"slowSQL": {"mainThread": {"SELECT 'a'": [3, 303]}, "otherThreads": {}}}
	`), `
TOTAL	20140308	Firefox	30.0a1	nightly	ALL_PINGS	3	3	0	0
TOTAL	20140309	Firefox	30.0a1	nightly	ALL_PINGS	1	1	0	0
mainThread	20140308	Firefox	30.0a1	nightly	SELECT 'a'	1	101	303	3
otherThreads	20140308	Firefox	30.0a1	nightly	SELECT :private, :private	2	101	267	4.5
`)
}
