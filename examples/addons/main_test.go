package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestAddons(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		id-1 {"info": {"addons": "a@x:1.0,b%3A@x:2:1"}}
		id-2 {"info": {"addons": "a@x:1.1,a@x:1.2"}}
		id-3 {"info": {"addons": ""}}
		id-4 {"info": {}}
	`), `
a@x	2
b%3A@x:2	1
`)
}
