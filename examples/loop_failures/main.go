// Loop_failures lists the calls whose connection failed: the day, how far the connection had got, and the report. Of several
// reports with the same id, the first one counts.
package main

import (
	"iter"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Failure is what is listed of a report.
type Failure struct {
	Date, State string
	Report      []byte
}

var job = mapreduce.Job[string, Failure]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, Failure]) error {
		if report, _ := rec.Get("report").Str(); report != "ice failure" {
			out.Skip("no ice failure")
			return nil
		}
		state, _ := rec.Get("connectionstate").Str()
		out.Emit(string(rec.Key), Failure{rec.Dims.Get("submission_date"), state, rec.Value})
		return nil
	},
	Reduce: func(_ string, failures iter.Seq[Failure], rows *mapreduce.Rows) error {
		for f := range failures {
			rows.Add(f.Date, f.State, f.Report)
			break
		}
		return nil
	},
	Columns: []string{"day", "state", "report"},
	Ordered: true, // the first in the order of the store, which is that of days
}

func main() { mapreduce.Serve(job) }
