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
	"syscall"
	"time"
)

// measurement is one run of a program.
type measurement struct {
	wall, cpu time.Duration
	orphans   time.Duration // part of cpu: of processes for which their parents did not wait
}

// adoptOrphans makes this process the parent of what its descendants leave behind, so that their CPU time is not lost.
func adoptOrphans() error {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("becoming a subreaper: %w", errno)
	}
	return nil
}

// measure runs a program from its start until the last process of its tree has ended. inspect, if there is one, is given the
// name of the output, which is then removed.
func measure(o options, c *contender, inspect func(output string) error) (measurement, error) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &before); err != nil {
		return measurement{}, err
	}
	var stderr bytes.Buffer
	cmd, out := prepare(o, c)
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	m := measurement{wall: time.Since(start)}
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
	if inspect != nil {
		err = inspect(out)
	}
	return m, errors.Join(err, emptyDir(o.scratch))
}

func prepare(o options, c *contender) (cmd *exec.Cmd, out string) {
	out = filepath.Join(o.scratch, c.name+".tsv")
	args := make([]string, len(c.args))
	for i, arg := range c.args {
		args[i] = strings.ReplaceAll(arg, output, out)
	}
	cmd = exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	return cmd, out
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
