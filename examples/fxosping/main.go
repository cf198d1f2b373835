// Fxosping makes a table of the first-use pings of Firefox OS devices: a row a ping, in the order of ids, and pings with one id
// in the order in which they came.
//
//	mr run --data STORE --filter 'reason=ftu appName=FirefoxOS' --output pings.csv ./fxosping
package main

import (
	"iter"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// columns are the cells of a row behind the id, and where they are in a ping. Some names have dots.
var columns = []struct {
	name string
	path []string
}{
	{"activated", []string{"activationTime"}},
	{"sent", []string{"pingTime"}},
	{"hardware", []string{"deviceinfo.hardware"}},
	{"os", []string{"deviceinfo.os"}},
	{"model", []string{"deviceinfo.product_model"}},
	{"software", []string{"deviceinfo.software"}},
	{"firmware", []string{"deviceinfo.firmware_revision"}},
	{"sim_mcc", []string{"icc", "mcc"}},
	{"sim_mnc", []string{"icc", "mnc"}},
	{"sim_operator", []string{"icc", "spn"}},
	{"network_mcc", []string{"network", "mcc"}},
	{"network_mnc", []string{"network", "mnc"}},
	{"network_operator", []string{"network", "operator"}},
	{"locale", []string{"locale"}},
	{"pixel_ratio", []string{"devicePixelRatio"}},
	{"width", []string{"screenWidth"}},
	{"height", []string{"screenHeight"}},
	{"country", []string{"info", "geoCountry"}},
}

var job = mapreduce.Job[string, []string]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, []string]) error {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = text(rec.Get(c.path...))
		}
		out.Emit(string(rec.Key), cells)
		return nil
	},
	Reduce: func(id string, pings iter.Seq[[]string], rows *mapreduce.Rows) error {
		for ping := range pings {
			row := []any{id}
			for _, cell := range ping {
				row = append(row, cell)
			}
			rows.Add(row...)
		}
		return nil
	},
	Columns: names(),
	Ordered: true,
}

// text is a string as it is, another value as JSON, and nothing for null or what is not there.
func text(v storage.Value) string {
	if s, ok := v.Str(); ok || v.IsNull() {
		return s
	}
	return string(v.Raw())
}

func names() []string {
	list := []string{"id"}
	for _, c := range columns {
		list = append(list, c.name)
	}
	return list
}

func main() { mapreduce.Serve(job) }
