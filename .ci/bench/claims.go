//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// A claim is a figure that a suite is run for, and what it is to be.
type claim struct {
	what      string
	unit      string
	needs     []string // names of programs
	rehearsal bool     // the figure is of the rehearsal; else it is of each round
	figure    func(run run) float64
	aim       string // "" is none
	met       func(figure float64) bool
}

// A run is what each program took in one round, by its name.
type run func(name string) measurement

func (c claim) atMost(limit float64) claim {
	c.aim, c.met = "<= "+number(limit), func(v float64) bool { return v <= limit }
	return c
}

func (c claim) atLeast(limit float64) claim {
	c.aim, c.met = ">= "+number(limit), func(v float64) bool { return v >= limit }
	return c
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// without takes the cost of another program, which does nothing but start, off that of the first.
func (c claim) without(start string) claim {
	first, figure := c.needs[0], c.figure
	c.what += ", without " + start
	c.needs = append(slices.Clone(c.needs), start)
	c.figure = func(of run) float64 {
		return figure(func(name string) measurement {
			m := of(name)
			if name == first {
				m.wall -= of(start).wall
				m.cpu -= of(start).cpu
			}
			return m
		})
	}
	return c
}

// cpuRatio is the CPU time of a program by that of another.
func cpuRatio(a, b string) claim {
	return claim{what: fmt.Sprintf("%s / %s, CPU", a, b), needs: []string{a, b}, figure: func(of run) float64 {
		return ratio(of(a).cpu, of(b).cpu)
	}}
}

func wallRatio(a, b string) claim {
	return claim{what: fmt.Sprintf("%s / %s, wall", a, b), needs: []string{a, b}, figure: func(of run) float64 {
		return ratio(of(a).wall, of(b).wall)
	}}
}

// wallMS is the time that a program takes.
func wallMS(name string) claim {
	return claim{what: name + ", wall", unit: " ms", needs: []string{name}, figure: func(of run) float64 {
		return of(name).wall.Seconds() * 1000
	}}
}

// speedup is how much faster two workers are than one, by how much faster two decompressors are than one.
func speedup(job string) claim {
	one, two := job+".1", job+".2"
	return claim{what: fmt.Sprintf("%s / %s, by that of floor, wall", one, two), needs: []string{one, two, "floor.1", "floor.2"}, figure: func(of run) float64 {
		return ratio(of(one).wall, of(two).wall) / ratio(of("floor.1").wall, of("floor.2").wall)
	}}
}

// largestMiB is the most memory that one process of a program held.
func largestMiB(name string) claim {
	return claim{what: name + ", largest process", unit: " MiB", needs: []string{name}, rehearsal: true, figure: func(of run) float64 {
		return mib(of(name).peak.largest)
	}}
}

// treeMiB is the most memory that the processes of a program held together.
func treeMiB(name string) claim {
	return claim{what: name + ", all processes", unit: " MiB", needs: []string{name}, rehearsal: true, figure: func(of run) float64 {
		return mib(of(name).peak.pss)
	}}
}

// figures returns the claim's figure of each round in which all that it needs took part.
func (c claim) figures(programs map[string]*contender) []float64 {
	if c.rehearsal {
		return []float64{c.figure(func(name string) measurement { return programs[name].rehearsal })}
	}
	n := len(programs[c.needs[0]].runs)
	for _, name := range c.needs {
		n = min(n, len(programs[name].runs))
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = c.figure(func(name string) measurement { return programs[name].runs[i] })
	}
	return values
}

// tableOfClaims prints the claims of which all programs have run.
func tableOfClaims(w io.Writer, claims []claim, list []*contender) {
	programs := make(map[string]*contender)
	for _, c := range list {
		programs[c.name] = c
	}
	fmt.Fprintf(w, "\n| figure | median (least to greatest) | aim | |\n|---|---|---|---|\n")
	for _, c := range claims {
		if slices.ContainsFunc(c.needs, func(name string) bool { return programs[name] == nil }) {
			continue
		}
		values := c.figures(programs)
		if len(values) == 0 {
			continue
		}
		verdict := ""
		if c.aim != "" && !c.met(median(values)) {
			verdict = "missed"
		} else if c.aim != "" {
			verdict = "met"
		}
		fmt.Fprintf(w, "| %s | %s%s | %s | %s |\n", c.what, spread(values), c.unit, c.aim, verdict)
	}
}
