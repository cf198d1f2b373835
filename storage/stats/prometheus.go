package stats

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var labels = []string{"source", "what", "dimension", "value"}

var (
	countDesc = prometheus.NewDesc("mr_things_total", "Requests, submissions and records, by what became of them.", labels, nil)
	bytesDesc = prometheus.NewDesc("mr_bytes_total", "Bytes of requests, submissions and records, by what became of them.", labels, nil)
)

// metrics serves a set to Prometheus, and what Go and the system say of the process.
func metrics(set *Set) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{set}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

type collector struct{ set *Set }

// Describe implements prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	descs <- countDesc
	descs <- bytesDesc
}

// Collect implements prometheus.Collector.
func (c collector) Collect(all chan<- prometheus.Metric) {
	for _, s := range c.set.Snapshot(time.Now(), 0).Series {
		for desc, n := range map[*prometheus.Desc]uint64{countDesc: s.Total.Count, bytesDesc: s.Total.Bytes} {
			all <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), s.Source, s.What, s.Dimension, s.Value)
		}
	}
}
