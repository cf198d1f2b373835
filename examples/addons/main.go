// Addons counts records by the add-ons that they list, whatever their versions.
package main

import (
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

var job = mapreduce.Job[string, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		list, ok := rec.Get("info", "addons").Str() // "id:version,id:version"
		if !ok || list == "" {
			out.Skip("no add-ons")
			return nil
		}
		var ids []string
		for addon := range strings.SplitSeq(list, ",") {
			if colon := strings.LastIndexByte(addon, ':'); colon >= 0 {
				addon = addon[:colon]
			}
			ids = append(ids, addon)
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			out.Emit(id, 1)
		}
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"addon", "records"},
}

func main() { mapreduce.Serve(job) }
