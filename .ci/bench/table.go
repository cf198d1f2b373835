//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// table prints the medians, and the medians of the ratios to the floor in the same round.
func table(w io.Writer, list []*contender) {
	var floor []measurement
	for _, c := range list {
		if c.name == "floor" {
			floor = c.runs
		}
	}
	fmt.Fprintln(w, "| program | runs | wall s | CPU s | wall / floor | CPU / floor | peak PSS MB | answer |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for _, c := range list {
		wall := collect(c.runs, func(i int) float64 { return c.runs[i].wall.Seconds() })
		cpu := collect(c.runs, func(i int) float64 { return c.runs[i].cpu.Seconds() })
		wallRatio, cpuRatio := "-", "-"
		if len(floor) >= len(c.runs) && len(c.runs) > 0 {
			wallRatio = spread(collect(c.runs, func(i int) float64 { return ratio(c.runs[i].wall, floor[i].wall) }))
			cpuRatio = spread(collect(c.runs, func(i int) float64 { return ratio(c.runs[i].cpu, floor[i].cpu) }))
		}
		peak := "-"
		if c.peak.samples > 0 {
			peak = fmt.Sprintf("%.0f (%d processes)", float64(c.peak.pss)/1e6, c.peak.processes)
		}
		fmt.Fprintf(w, "| %s | %d | %.2f | %.2f | %s | %s | %s | %s |\n",
			c.name, len(c.runs), median(wall), median(cpu), wallRatio, cpuRatio, peak, c.verdict)
	}
	for _, c := range list {
		for i, m := range c.runs {
			if m.orphans > 10*time.Millisecond {
				fmt.Fprintf(w, "\n%s, run %d: %v of the CPU time in processes for which nobody waited\n", c.name, i+1, m.orphans)
			}
		}
	}
}

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
