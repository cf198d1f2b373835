// Package stats counts what is received and converted, and shows it while it happens.
//
// A Set holds, for each Key, how many things there were and how many bytes, in total and over the last minute, hour and day.
// Handler serves it: a page that moves, JSON, and the text format of Prometheus.
//
//	set := stats.NewSet(time.Now())
//	set.Add(time.Now(), stats.Key{Source: "receive", What: "accepted"}, 1, 2048)
//	http.Serve(listener, stats.Handler(set))
//
// However many different keys others make up, a Set does not grow beyond a few megabytes: see Set.Add.
//
// # Keys
//
// The receiver counts each request under its outcome (What: accepted, oversize, busy, ...), and each accepted submission for
// each dimension in its path once more (Dimension: reason, appName, appVersion, appUpdateChannel, appBuildID).
//
// The converter is another process. It appends lines of JSON to a file, which Follow reads; each has the counts of a period:
//
//	{"end_time":"2026-01-02T03:04:05.000Z","channel":"ALL",
//	 "records_read":100,"bytes_read":1504183,"records_written":91,"bytes_written":3854340,"duplicates":0,
//	 "bad_records":9,"bad_records.uuid_only_path":8,"bad_records.conversion_error":1,
//	 "channels":{"nightly":{"records_read":60,"records_written":60,"bad_records":0}}}
//
// They become What read, written, duplicates, bad, and bad.CATEGORY; with Dimension appUpdateChannel for each of channels, or
// if channel is another than ALL, as in the lines of 2013. What else a line has is not looked at.
//
// # Alerts
//
// The checks of 2013 worked on files of an hour each and mailed when too much was bad. Here they are rules for Prometheus, which
// also knows what to do when the same is true an hour later. More than 10 % bad, and more than 1 % bad for other reasons
// than a path, a revision or a body that the client left out:
//
//	sum(increase(mr_things_total{source="convert",what="bad",dimension=""}[1h]))
//	  / sum(increase(mr_things_total{source="convert",what="read",dimension=""}[1h])) > 0.10
//
//	sum(increase(mr_things_total{source="convert",what=~"bad[.].+",what!~"bad[.](uuid_only_path|missing_revision|empty_data)",dimension=""}[1h]))
//	  / sum(increase(mr_things_total{source="convert",what="read",dimension=""}[1h])) > 0.01
//
// With nothing read they say nothing; in 2013 that was a division by 1. The receiver's channels of 2013, four and "other", are here
// whatever the paths say, and the text form of its circular buffers is not written: /stats has the same minutes and hours.
package stats
