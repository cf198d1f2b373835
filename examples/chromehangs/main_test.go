package main

import (
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
)

func TestChromeHangs(t *testing.T) {
	mapreducetest.Run(t, job, mapreducetest.Records(t, `
		id-1 {"chromeHangs": {"memoryMap": [["xul.pdb", "AA"]], "stacks": [[[0, 1]]]}}
		id-2 {"chromeHangs": {"memoryMap": [], "stacks": []}, "lateWrites": {"memoryMap": [], "stacks": []}}
		id-3 {"lateWrites": {"memoryMap": [["nss.pdb", "BB"]]}}
		id-4 {}
	`), `
id-1	{"chromeHangs": {"memoryMap": [["xul.pdb", "AA"]], "stacks": [[[0, 1]]]}}
id-3	{"lateWrites": {"memoryMap": [["nss.pdb", "BB"]]}}
`)
}
