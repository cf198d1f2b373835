package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestFlashVersions(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		id-1 {"info": {"appName": "Firefox", "OS": "WINNT", "appVersion": "28.0", "appUpdateChannel": "beta", "version": "6.1", "flashVersion": "12.0.0.44"}}
		id-2 {"info": {"appName": "Firefox", "OS": "WINNT", "appVersion": "28.0", "appUpdateChannel": "beta", "version": "6.1", "flashVersion": "12.0.0.44"}}
		id-3 {"info": {"appName": "Firefox", "OS": "WINNT", "appVersion": "28.0", "appUpdateChannel": "beta", "version": "6.1"}}
		id-4 {"info": {"appName": "Fennec", "OS": "Android", "flashVersion": "11,2"}}
		id-5 {"info": {"appName": "Firefox", "OS": "Linux"}}
		id-6 {"info": {"appName": "Firefox"}}
	`), `
Fennec	NA	NA	Android	NA	11,2	1
Firefox	28.0	beta	WINNT	6.1	12.0.0.44	2
Firefox	28.0	beta	WINNT	6.1	NA	1
`)
}
