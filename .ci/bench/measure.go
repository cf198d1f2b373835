//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// measurement is one run of a program.
type measurement struct {
	wall, cpu time.Duration
	orphans   time.Duration // part of cpu: of processes for which their parents did not wait
	peak      memory        // of the rehearsal
}

// adoptOrphans makes this process the parent of what its descendants leave behind, so that their CPU time is not lost.
func adoptOrphans() error {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("becoming a subreaper: %w", errno)
	}
	return nil
}

// measure runs a program from its start until the last process of its tree has ended.
func measure(o options, c *contender) (measurement, error) {
	return execute(o, c, false, func(string) error { return nil })
}

// execute measures a program, with its memory if that is asked for. inspect is given the name of the output, which is then
// removed.
func execute(o options, c *contender, withMemory bool, inspect func(output string) error) (m measurement, err error) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &before); err != nil {
		return m, err
	}
	out := filepath.Join(o.scratch, c.name+".tsv")
	var stderr bytes.Buffer
	cmd, err := c.command(out)
	if err != nil {
		return m, err
	}
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return m, err
	}
	stop := make(chan struct{})
	var watcher sync.WaitGroup
	if withMemory {
		watcher.Go(func() { m.peak = watch(cmd.Process.Pid, stop) })
	}
	err = cmd.Wait()
	took := time.Since(start)
	close(stop)
	watcher.Wait()
	m.wall = took
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s", c.name, err, stderr.Bytes())
	}
	waited := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err := reap(); err != nil {
		return m, err
	}
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &after); err != nil {
		return m, err
	}
	m.cpu = cpuTime(after) - cpuTime(before)
	m.orphans = m.cpu - waited
	return m, errors.Join(inspect(out), emptyDir(o.scratch))
}

// command returns the command that runs the contender, with out as its output.
func (c *contender) command(out string) (*exec.Cmd, error) {
	args := make([]string, len(c.args))
	for i, arg := range c.args {
		args[i] = strings.NewReplacer(data, c.data, output, out).Replace(arg)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	if !c.stdout {
		return cmd, nil
	}
	f, err := os.Create(out)
	cmd.Stdout = f // stays open for the few runs that there are
	return cmd, err
}

// reap waits for the processes that were left to this one.
func reap() error {
	for {
		_, err := syscall.Wait4(-1, nil, 0, nil)
		switch {
		case errors.Is(err, syscall.ECHILD):
			return nil
		case err != nil && !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}

func cpuTime(r syscall.Rusage) time.Duration {
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func emptyDir(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		err = errors.Join(err, os.RemoveAll(name))
	}
	return err
}
