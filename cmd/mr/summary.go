package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce"
)

// warn says what a person should know of a run that succeeded: what was not read, and why.
func warn(env env, s mapreduce.Stats) {
	if s.Damaged > 0 {
		fmt.Fprintf(env.stderr, "mr: %d of %d files were damaged and left out\n", s.Damaged, s.Files+s.Damaged)
		for _, f := range s.DamagedFiles {
			fmt.Fprintf(env.stderr, "    %s: %s\n", printable(f.Path), printable(f.Reason))
		}
	}
	if s.Bad > 0 {
		fmt.Fprintf(env.stderr, "mr: %d of %d records were bad and left out\n", s.Bad, s.Lines)
		for _, b := range s.BadRecords {
			fmt.Fprintf(env.stderr, "    %s:%d: %s\n", printable(b.Path), b.Line, printable(b.Reason))
		}
	}
	if s.Rows == 0 && s.Skipped > 0 {
		fmt.Fprintf(env.stderr, "mr: there are no rows; %d of %d records were skipped\n", s.Skipped, s.Lines)
		writeCounts(env.stderr, "    %s: %s\n", s.SkippedBy)
	}
	warnStrays(env, s.Strays)
	if s.LostWorkers > 0 {
		fmt.Fprintf(env.stderr, "mr: %s\n", counted(int64(s.LostWorkers),
			"worker was lost; its tasks were done again", "workers were lost; their tasks were done again"))
	}
}

// summarize writes the account of a run as a table.
func summarize(w io.Writer, s mapreduce.Stats) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "    %-9s "+format+"\n", append([]any{label}, args...)...)
	}
	fmt.Fprintf(w, "mr: %s, %s in %s\n", counted(s.Lines, "record", "records"), counted(s.Rows, "row", "rows"), durationText(s.Time))
	line("input", "%s, %s, %s decoded", counted(s.Files, "file", "files"), bytesText(s.StoredBytes), bytesText(s.Bytes))
	if s.Damaged > 0 {
		line("damaged", "%s, %s, left out", counted(s.Damaged, "file", "files"), bytesText(s.DamagedBytes))
	}
	line("records", "%s mapped, %s skipped, %s bad", grouped(s.Mapped), grouped(s.Skipped), grouped(s.Bad))
	writeCounts(w, "    %12s skipped: %s\n", s.SkippedBy)
	writeCounts(w, "    %12s bad: %s\n", s.BadBy)
	if s.ReduceTasks > 0 {
		line("pairs", "%s emitted, %s combined, %s spilled (%s in %s)",
			grouped(s.Emitted), grouped(s.Combined), grouped(s.Spilled), bytesText(s.RunBytes), counted(int64(s.Runs), "run", "runs"))
		line("output", "%s, %s, %s", counted(s.Groups, "key", "keys"), counted(s.Rows, "row", "rows"), bytesText(s.Output))
	} else {
		line("output", "%s, %s", counted(s.Rows, "row", "rows"), bytesText(s.Output))
	}
	if len(s.Counts) > 0 {
		line("counters", "of the job's own")
		writeCounts(w, "    %12s %s\n", s.Counts)
	}
	tasks := counted(int64(s.MapTasks), "map task", "map tasks")
	if s.ReduceTasks > 0 {
		tasks += ", " + counted(int64(s.ReduceTasks), "reduce task", "reduce tasks")
	}
	if s.Retried > 0 {
		tasks += "; " + counted(int64(s.Retried), "attempt was", "attempts were") + " lost and done again"
	}
	line("tasks", "%s", tasks)
	line("time", "%s (map %s, reduce %s, join %s), processors %s", durationText(s.Time),
		durationText(s.MapTime), durationText(s.ReduceTime), durationText(s.CommitTime), durationText(s.CPUTime))
	if s.PeakMemory > 0 {
		line("memory", "%s at most, of %s", bytesText(s.PeakMemory), bytesText(s.MemoryLimit))
	}
}

// writeCounts writes the largest counts, a line each, which has the number and the name.
func writeCounts(w io.Writer, line string, counts map[string]int64) {
	const most, longest = 20, 100
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(most, len(names))] {
		text := printable(name)
		if len(text) > longest {
			text = text[:longest] + "..."
		}
		fmt.Fprintf(w, line, grouped(counts[name]), text)
	}
	if n := len(names) - most; n > 0 {
		fmt.Fprintf(w, "    and %s more\n", grouped(int64(n)))
	}
}
