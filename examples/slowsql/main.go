// Slowsql adds up the slow database queries by thread, day, application and query: the documents that had it, how often it
// was slow, for how many milliseconds, and the median of the documents' averages. Queries that were slow a hundred times or
// less are left out. A TOTAL row has the number of documents.
//
// Queries of other threads than the main one may hold what a user has typed: literals become :private, and what is the same
// query then is counted as one.
package main

import (
	"iter"
	"regexp"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// Key is what is counted apart.
type Key struct {
	Thread, Date, App, Version, Channel, Query string
}

// Slow is how slow a query was.
type Slow struct {
	Documents, Times, Ms int64
	Averages             []int64 // one a document, in any order
}

const (
	fewest = 100
	total  = "TOTAL"
)

var literal = regexp.MustCompile(`'[^']*'|"[^"]*"`)

var job = mapreduce.Job[Key, Slow]{
	Map: func(rec storage.Record, out *mapreduce.Emitter[Key, Slow]) error {
		k := Key{
			Date: rec.Dims.Get("submission_date"), App: rec.Dims.Get("appName"),
			Version: rec.Dims.Get("appVersion"), Channel: rec.Dims.Get("appUpdateChannel"),
		}
		k.Thread, k.Query = total, "ALL_PINGS"
		out.Emit(k, Slow{Documents: 1, Times: 1, Averages: []int64{0}})
		for thread, queries := range rec.Get("slowSQL").Members() {
			k.Thread = thread
			for query, s := range slow(queries, thread == "otherThreads") {
				k.Query = query
				s.Documents, s.Averages = 1, []int64{s.Ms / max(s.Times, 1)}
				out.Emit(k, s)
			}
		}
		return nil
	},
	Combine: func(acc *Slow, v Slow) {
		acc.Documents += v.Documents
		acc.Times += v.Times
		acc.Ms += v.Ms
		acc.Averages = append(acc.Averages, v.Averages...)
	},
	Reduce: func(k Key, slow iter.Seq[Slow], rows *mapreduce.Rows) error {
		for s := range slow {
			if s.Times > fewest || k.Thread == total {
				rows.Add(k.Thread, k.Date, k.App, k.Version, k.Channel, k.Query, s.Documents, s.Times, s.Ms, median(s.Averages))
			}
		}
		return nil
	},
	Columns: []string{"thread", "date", "app", "version", "channel", "query", "documents", "times", "ms", "median_average"},
}

// slow reads {query: [times, milliseconds]}, and adds up queries that are the same without their literals.
func slow(queries storage.Value, private bool) map[string]Slow {
	all := map[string]Slow{}
	for query, v := range queries.Members() {
		if private {
			query = literal.ReplaceAllString(query, ":private")
		}
		s := all[query]
		times, _ := v.At(0).Int()
		ms, _ := v.At(1).Int()
		s.Times, s.Ms = s.Times+times, s.Ms+ms
		all[query] = s
	}
	return all
}

func median(list []int64) float64 {
	slices.Sort(list)
	n := len(list)
	return float64(list[(n-1)/2]+list[n/2]) / 2
}

func main() { mapreduce.Serve(job) }
