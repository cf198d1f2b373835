//go:build unix

package worker_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// BenchmarkStart is what a worker costs a run: its start until Setup is answered, its end, and the memory it has at rest.
func BenchmarkStart(b *testing.B) {
	o := options(b)
	var up, down time.Duration
	var private, resident float64
	for b.Loop() {
		begin := time.Now()
		p, err := worker.Start(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Setup(b.Context(), worker.Setup{}); err != nil {
			b.Fatal(err)
		}
		up += time.Since(begin)
		private, resident = memory(b, p.Pid(), "Private_"), memory(b, p.Pid(), "Rss:")

		begin = time.Now()
		p.Stop()
		down += time.Since(begin)
	}
	b.ReportMetric(float64(up.Microseconds())/float64(b.N)/1000, "ms-up/op")
	b.ReportMetric(float64(down.Microseconds())/float64(b.N)/1000, "ms-down/op")
	b.ReportMetric(private/1024, "MiB-private")
	b.ReportMetric(resident/1024, "MiB-resident")
}

// BenchmarkMap is what a task costs beside its work.
func BenchmarkMap(b *testing.B) {
	for _, files := range []int{1, 1000} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			p := start(b, options(b))
			task := worker.MapTask{Files: make([]worker.File, files)}
			for b.Loop() {
				if _, err := p.Map(b.Context(), task, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// memory is the memory of a process in KiB, by the beginning of its names in /proc.
func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	var sum float64
	for line := range strings.Lines(string(text)) {
		var n float64
		if strings.HasPrefix(line, name) {
			_, rest, _ := strings.Cut(line, ":")
			_, _ = fmt.Sscan(rest, &n)
			sum += n
		}
	}
	return sum
}

// BenchmarkMark is what it costs a record to be said.
func BenchmarkMark(b *testing.B) {
	m := new(worker.Mark)
	for n := int64(0); b.Loop(); n++ {
		m.Record(1, n, n)
		m.Done()
	}
}
