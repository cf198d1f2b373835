//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is what a process tree held at once, as samples show it.
type memory struct {
	pss       int64 // bytes, shared pages divided among those who share them
	processes int
	samples   int
}

const sampleEvery = 20 * time.Millisecond

// measureMemory runs a program and looks at its process tree again and again.
func measureMemory(o options, c *contender) (memory, error) {
	var peak memory
	cmd, _ := prepare(o, c)
	if err := cmd.Start(); err != nil {
		return peak, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return peak, fmt.Errorf("%s: %w", c.name, err)
			}
			if err := reap(); err != nil {
				return peak, err
			}
			return peak, emptyDir(o.scratch)
		case <-tick.C:
			pss, n := treePSS(cmd.Process.Pid)
			peak.samples++
			if pss > peak.pss {
				peak.pss, peak.processes = pss, n
			}
		}
	}
}

// treePSS adds up the memory of a process and its descendants. One that ends meanwhile counts as nothing.
func treePSS(pid int) (pss int64, processes int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err == nil {
		processes = 1
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				if err == nil {
					pss += n << 10
				}
				break
			}
		}
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return pss, processes
	}
	for _, task := range tasks {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(children)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				continue
			}
			p, n := treePSS(id)
			pss += p
			processes += n
		}
	}
	return pss, processes
}
