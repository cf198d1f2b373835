//go:build unix && !linux

package worker

import (
	"os/exec"
	"sync"
	"syscall"
)

// launch starts cmd. Nothing but the life pipe tells its process that this one is gone, so that a process that is stopped
// or has not called Serve yet outlives it.
func launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

// reap waits for cmd's process to end, kills what is left of its group, and calls ended, the last two with mu locked.
func reap(cmd *exec.Cmd, mu *sync.Mutex, ended func()) {
	_ = cmd.Wait() // ProcessState has the outcome
	mu.Lock()
	defer mu.Unlock()
	killGroup(cmd.Process)
	ended()
}
