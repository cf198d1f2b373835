// Experiments counts, by channel and version, all records, and those that tell of an experiment: that it is under way, with the
// branch; that it was, or was not, activated, and that it ended, with the reason and what else the log has about it.
package main

import (
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Key is what is counted apart. Detail is the branch of an active experiment, else the reason.
type Key struct {
	Channel, Version, Event, Experiment, Detail string
}

var events = map[string]string{
	"EXPERIMENT_ACTIVATION":  "activation",
	"EXPERIMENT_TERMINATION": "termination",
}

var job = mapreduce.Job[Key, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, int]) error {
		k := Key{Channel: rec.Dims.Get("appUpdateChannel"), Version: rec.Dims.Get("appVersion"), Event: "total"}
		out.Emit(k, 1)
		info := rec.Get("info")
		if id, ok := info.Get("activeExperiment").Str(); ok {
			k.Event, k.Experiment = "active", id
			k.Detail, _ = info.Get("activeExperimentBranch").Str()
			out.Emit(k, 1)
		}
		// An entry of the log is [event, time, reason, experiment, data...].
		for entry := range rec.Get("log").Elements() {
			cells := slices.Collect(entry.Elements())
			if len(cells) < 4 {
				continue
			}
			event, _ := cells[0].Str()
			if k.Event = events[event]; k.Event == "" {
				continue
			}
			k.Experiment, _ = cells[3].Str()
			reason := []string{}
			for _, v := range slices.Concat(cells[2:3], cells[4:]) {
				s, ok := v.Str()
				if !ok {
					s = string(v.Raw())
				}
				reason = append(reason, s)
			}
			k.Detail = strings.Join(reason, " ")
			out.Emit(k, 1)
		}
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"channel", "version", "event", "experiment", "detail", "records"},
}

func main() { mapreduce.Serve(job) }
