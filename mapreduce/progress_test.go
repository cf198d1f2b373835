package mapreduce_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// A run is told of while it is under way. The job goes on when its progress has been seen.
func TestProgress(t *testing.T) {
	store := t.TempDir()
	var names []string
	for i := range 40 { // two tasks
		names = append(names, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i))
		writeFile(t, store, names[i], "a\t{}\n")
	}
	seen := make(chan struct{})
	var once sync.Once
	job := counter(func(rec storage.Record) (string, error) {
		if rec.Path() == slices.Max(names) { // of the second task
			<-seen
		}
		return "k", nil
	})
	cfg := mapreduce.Config{Data: store, Stdout: &bytes.Buffer{}, Workers: 1, Progress: func(p mapreduce.Progress) {
		if p.Done > p.Total || p.Records > 40 || p.Files > p.TotalFiles {
			t.Errorf("impossible: %+v", p)
		}
		if p.Phase == mapreduce.MapPhase && p.Files > 0 && p.Records > int64(p.Files) && p.TotalFiles == 40 && p.Total == 40*5 && p.Done > 0 {
			once.Do(func() { close(seen) })
		}
	}}
	stats, err := mapreduce.Run(t.Context(), mapreduce.Local(job), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Time <= 0 || stats.CPUTime < 0 || stats.MemoryLimit <= 0 || runtime.GOOS == "linux" && stats.PeakMemory <= 0 {
		t.Errorf("stats %+v", stats)
	}
}

// What worker processes use is accounted for, that of the lost ones, too.
func TestUsage(t *testing.T) {
	stats := map[string]mapreduce.Stats{}
	for _, job := range []string{"spins", "ids"} {
		_, s, err := runJob(t, command(job), mapreduce.Config{Data: culpritStore(t), Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		stats[job] = s
	}
	if s := stats["spins"]; s.CPUTime < spinTime || s.Retried != 0 {
		t.Errorf("a job that uses %v of the processor: %v, %d retried", spinTime, s.CPUTime, s.Retried)
	}
	if os.Getenv("GOCOVERDIR") == "" && stats["ids"].PeakMemory > stats["ids"].MemoryLimit {
		t.Errorf("peak memory %d, limit %d", stats["ids"].PeakMemory, stats["ids"].MemoryLimit)
	}
	_, s, err := runJob(t, command("dies-at-times"), mapreduce.Config{Data: culpritStore(t), Workers: 1})
	if err == nil || s.LostWorkers != 4 || s.Retried != 3 {
		t.Errorf("%v; %d workers lost, %d attempts done again", err, s.LostWorkers, s.Retried)
	}
}
