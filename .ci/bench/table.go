//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// table prints the medians, and the medians of the ratios to the floor in the same round.
func table(w io.Writer, list []*contender) {
	fmt.Fprintln(w, "| program | store | runs | wall s | CPU s | wall / floor | CPU / floor | memory MiB | answer |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, c := range list {
		wall := collect(c.runs, func(i int) float64 { return c.runs[i].wall.Seconds() })
		cpu := collect(c.runs, func(i int) float64 { return c.runs[i].cpu.Seconds() })
		wallRatio, cpuRatio := "-", "-"
		if floor := floorOf(c, list); len(floor) >= len(c.runs) && len(c.runs) > 0 {
			wallRatio = spread(collect(c.runs, func(i int) float64 { return ratio(c.runs[i].wall, floor[i].wall) }))
			cpuRatio = spread(collect(c.runs, func(i int) float64 { return ratio(c.runs[i].cpu, floor[i].cpu) }))
		}
		peak := c.rehearsal.peak
		fmt.Fprintf(w, "| %s | %s | %d | %.3f | %.3f | %s | %s | %.0f in %d, one %.0f | %s |\n",
			c.name, c.store, len(c.runs), median(wall), median(cpu), wallRatio, cpuRatio,
			mib(peak.pss), peak.processes, mib(peak.largest), c.verdict)
	}
	for _, c := range list {
		for i, m := range c.runs {
			if m.orphans > 10*time.Millisecond {
				fmt.Fprintf(w, "\n%s, run %d: %v of the CPU time in processes for which nobody waited\n", c.name, i+1, m.orphans)
			}
		}
	}
}

// floorOf returns the runs of the floor that has the contender's store, and its number of workers if there are several.
func floorOf(c *contender, list []*contender) []measurement {
	_, workers, _ := strings.Cut(c.name, ".")
	for _, f := range list {
		if _, n, _ := strings.Cut(f.name, "."); f.job == "floor" && f.store == c.store && n == workers {
			return f.runs
		}
	}
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func collect(runs []measurement, f func(i int) float64) []float64 {
	values := make([]float64, len(runs))
	for i := range runs {
		values[i] = f(i)
	}
	return values
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// spread is the median, with the least and the greatest value.
func spread(values []float64) string {
	if len(values) == 1 {
		return fmt.Sprintf("%.2f", values[0])
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median(values), slices.Min(values), slices.Max(values))
}
