// Flash_versions counts the records of browsers that can have a Flash plug-in, on Windows and Android, by what they are and by
// the version of the plug-in, NA if there is none. A version may hold commas, so --format csv has quotes where they are needed.
package main

import (
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Key is what is counted apart.
type Key struct {
	App, Version, Channel, OS, OSVersion, Flash string
}

var job = mapreduce.Job[Key, int]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, int]) error {
		info := rec.Get("info")
		app, ok1 := info.Get("appName").Str()
		os, ok2 := info.Get("OS").Str()
		if !ok1 || !ok2 {
			out.Skip("no appName or OS")
			return nil
		}
		windows := (app == "Firefox" || app == "MetroFirefox") && os == "WINNT"
		if !windows && app != "Fennec" {
			out.Skip("another application or system")
			return nil
		}
		out.Emit(Key{
			App: app, Version: orNA(info.Get("appVersion")), Channel: orNA(info.Get("appUpdateChannel")),
			OS: os, OSVersion: orNA(info.Get("version")), Flash: orNA(info.Get("flashVersion")),
		}, 1)
		return nil
	},
	Combine: mapreduce.Sum[int],
	Columns: []string{"app", "version", "channel", "os", "os_version", "flash", "records"},
}

func orNA(v storage.Value) string {
	if s, ok := v.Str(); ok {
		return s
	}
	return "NA"
}

func main() { mapreduce.Serve(job) }
