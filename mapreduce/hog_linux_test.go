package mapreduce_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
)

// A worker that takes more than its share is ended, not the machine; what it did is tried again, and in the end the run says
// what was missing.
func TestOverMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests are for the race detector, which takes memory of its own")
	}
	lines := t.TempDir()
	writeFile(t, lines, aFile, strings.Repeat("record\t{}\n", 10_000))
	_, stats, err := runJob(t, command("hoards"), mapreduce.Config{Data: culpritStore(t), Memory: 128 << 20, Workers: 1})
	checkFault(t, err, true, []string{aFile + ":2: the job's process ran out of memory"})
	if stats.LostWorkers != 2 || stats.PeakMemory == 0 || stats.PeakMemory > 256<<20 {
		t.Errorf("%d workers lost, %d MiB in use", stats.LostWorkers, stats.PeakMemory>>20)
	}
	for job, store := range map[string]string{"grows": lines} {
		out, stats, err := runJob(t, command(job), mapreduce.Config{Data: store, Memory: 128 << 20, Workers: 1})
		if _, ok := errors.AsType[*mapreduce.MemoryError](err); !ok {
			t.Errorf("%s: output %q, %v, want a *MemoryError", job, out, err)
			continue
		}
		checkFault(t, err, false, []string{"task 0 failed 4 times", "; its share is 93 MiB"})
		if stats.LostWorkers != 4 || stats.PeakMemory == 0 || stats.PeakMemory > 256<<20 {
			t.Errorf("%s: %d workers lost, %d MiB in use", job, stats.LostWorkers, stats.PeakMemory>>20)
		}
	}
}

// What is longer than a worker can hold twice is refused by the name of its key, in values and in rows.
func TestTooLong(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests are for the race detector, which takes memory of its own")
	}
	cfg := mapreduce.Config{Data: culpritStore(t), Memory: 128 << 20, Workers: 1}
	for job, parts := range map[string][]string{
		"long-value":    {aFile + ":2: key \"culprit\": a value of 50000001 bytes is longer than 49282816, half of a worker's memory"},
		"long-combined": {"key \"culprit\": a value of 50000001 bytes is longer than "},
		"long-row":      {"reducing key \"culprit\": a row of 50000001 bytes is longer than "},
		"long-cells":    {aFile + ":2: a row of "},
	} {
		_, stats, err := runJob(t, command(job), cfg)
		checkFault(t, err, false, parts)
		if stats.LostWorkers > 0 {
			t.Errorf("%s: %d workers lost", job, stats.LostWorkers)
		}
	}
}
