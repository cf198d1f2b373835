package mapreducetest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/mapreducetest"
	"github.com/telemetry-mr/mr/storage"
)

// systems counts records by operating system.
var systems = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		os, ok := rec.Get("info", "OS").Str()
		if !ok {
			out.Skip("no info.OS")
			return nil
		}
		out.Emit(os, 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
}

// The test of a job, with its records and rows in the test, and a look at what was skipped.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestSystems(t *testing.T) {
		stats := mapreducetest.Run(t, systems, mapreducetest.Records(t, `
			[appUpdateChannel=nightly]
			id-1 {"info": {"OS": "Linux"}}
			id-2 {"info": {"OS": "WINNT"}}
			[appUpdateChannel=beta]
			id-3 {"info": {"OS": "Linux"}}
			id-4 {"info": {}}
		`), `
Linux	2
WINNT	1
`)
		if stats.SkippedBy["no info.OS"] != 1 {
			t.Errorf("skipped: %v", stats.SkippedBy)
		}
	}
}

// Records and rows in files. The rows are written by go test -update.
func ExampleGolden() {
	_ = func(t *testing.T) { // func TestSystems(t *testing.T) {
		mapreducetest.Golden(t, systems, mapreducetest.ReadRecords(t, "testdata/records.txt"), "testdata/rows.tsv")
	}
}

// What is said of a job that is wrong: its Combine subtracts.
func ExampleCheck() {
	job := mapreduce.Job[string, int]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
			n, _ := rec.Get("n").Int()
			out.Emit("all", int(n))
			return nil
		},
		Combine: func(acc *int, v int) { *acc -= v },
	}
	_, _, err := mapreducetest.Check(context.Background(), job, []mapreducetest.Record{
		{Key: "id-1", Value: `{"n": 5}`, Dims: map[string]string{"appUpdateChannel": "nightly"}},
		{Key: "id-2", Value: `{"n": 3}`},
	}, mapreducetest.Options{})
	fmt.Println(err)
	// Output:
	// Combine is not commutative: key "all"
	//   a = 3
	//   b = 5
	//   a + b = -2
	//   b + a = 2
	// (found with -mapreducetest.seed=1)
}
