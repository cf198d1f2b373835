package stats

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	processmetrics "github.com/VictoriaMetrics/metrics"
)

// metrics serves a set to Prometheus in its text format (https://prometheus.io/docs/instrumenting/exposition_formats, version
// 0.0.4), and what Go and the system say of the process.
func metrics(set *Set) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		writeCounters(&b, set.Snapshot(time.Now(), 0).Series)
		processmetrics.WriteProcessMetrics(&b)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(b.Bytes()) // a client that is gone needs no answer
	})
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label returns the text of a label's value.
func label(s string) string { return `"` + escaper.Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"` }

func writeCounters(b *bytes.Buffer, series []Series) {
	for _, c := range []struct {
		name, help string
		of         func(Series) uint64
	}{
		{"mr_things_total", "Requests, submissions and records, by what became of them.", func(s Series) uint64 { return s.Total.Count }},
		{"mr_bytes_total", "Bytes of requests, submissions and records, by what became of them.", func(s Series) uint64 { return s.Total.Bytes }},
	} {
		fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s counter\n", c.name, c.help, c.name)
		for _, s := range series {
			fmt.Fprintf(b, "%s{dimension=%s,source=%s,value=%s,what=%s} %d\n",
				c.name, label(s.Dimension), label(s.Source), label(s.Value), label(s.What), c.of(s))
		}
	}
}
