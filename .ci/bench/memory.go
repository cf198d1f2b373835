//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is what a process tree held at most, as samples show it: bytes, with shared pages divided among those who share them.
type memory struct {
	pss       int64 // of all processes at once
	processes int   // that held it
	largest   int64 // of one process
}

// watch looks at the tree of a process again and again, until stop is closed: every 20 ms, or more rarely if a look takes more
// than a twentieth of that, as it does with gigabytes.
func watch(pid int, stop <-chan struct{}) (peak memory) {
	pause := 20 * time.Millisecond
	for {
		select {
		case <-stop:
			return peak
		case <-time.After(pause):
			began := time.Now()
			now := treeMemory(pid)
			peak.largest = max(peak.largest, now.largest)
			if now.pss > peak.pss {
				peak.pss, peak.processes = now.pss, now.processes
			}
			pause = max(pause, 20*time.Since(began))
		}
	}
}

// treeMemory adds up the memory of a process and its descendants. One that ends meanwhile counts as nothing.
func treeMemory(pid int) (tree memory) {
	if own, ok := pssOf(pid); ok {
		tree = memory{pss: own, processes: 1, largest: own}
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return tree
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
			m := treeMemory(id)
			tree.pss += m.pss
			tree.processes += m.processes
			tree.largest = max(tree.largest, m.largest)
		}
	}
	return tree
}

func pssOf(pid int) (n int64, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "Pss:"); found {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err == nil
		}
	}
	return 0, false
}
