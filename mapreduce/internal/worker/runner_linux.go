package worker

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launch starts cmd so that it is killed when this process dies, however it dies and even if cmd's process is stopped.
// The kernel does that when the parent's thread ends, not its process (golang.org/issue/27505), so that one thread, which
// never ends, starts them all.
func launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	forker.start.Do(func() {
		forker.cmds = make(chan launching)
		go forkLoop(forker.cmds)
	})
	started := make(chan error)
	forker.cmds <- launching{cmd, started}
	return <-started
}

type launching struct {
	cmd     *exec.Cmd
	started chan<- error
}

var forker struct {
	start sync.Once
	cmds  chan launching
}

func forkLoop(cmds <-chan launching) {
	runtime.LockOSThread()
	for l := range cmds {
		l.started <- l.cmd.Start()
	}
}

// reap waits for cmd's process to end, kills what is left of its group, and calls ended, the last two with mu locked. The
// dead process is kept until the group is killed, so that its number cannot be another's.
func reap(cmd *exec.Cmd, mu *sync.Mutex, ended func()) {
	const byPid = 1 // P_PID
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID,
			byPid, uintptr(cmd.Process.Pid), 0, syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	killGroup(cmd.Process)
	_ = cmd.Wait() // ProcessState has the outcome
	ended()
}
