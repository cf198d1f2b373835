// C lists the pings that have each add-on: many small values a record, a list for each of thousands of keys.
package main

import (
	"iter"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

func main() {
	mapreduce.Serve(mapreduce.Job[string, string]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[string, string]) error {
			addons, ok := rec.Get("info", "addons").Str()
			if !ok {
				out.Skip("no info.addons")
				return nil
			}
			ping := string(rec.Key)
			for addon := range strings.SplitSeq(addons, ",") {
				id, _, _ := strings.Cut(addon, ":")
				out.Emit(id, ping)
			}
			return nil
		},
		Reduce: func(addon string, pings iter.Seq[string], rows *mapreduce.Rows) error {
			var list strings.Builder
			for ping := range pings {
				if list.Len() > 0 {
					list.WriteByte(',')
				}
				list.WriteString(ping)
			}
			rows.Add(addon, list.String())
			return nil
		},
		Columns: []string{"addon", "pings"},
	})
}
