package mapreduce_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
)

// A failing is a call that fails once in each thread.
type failing struct {
	call, errno string
	nth         int
}

// findStrace looks for strace, and lists what is to fail.
func (x *torture) findStrace() (err error) {
	if x.injector, err = exec.LookPath("strace"); err != nil {
		return err
	}
	if out, err := exec.Command(x.injector, "-f", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("strace: %w: %s", err, out)
	}
	for _, call := range []string{"write", "pwrite64", "fsync", "renameat", "openat", "mkdirat", "unlinkat", "pread64", "read", "newfstatat"} {
		for _, errno := range []string{"EIO", "ENOSPC"} {
			for nth := 1; nth <= 40; nth += 1 + nth/4 {
				x.calls = append(x.calls, failing{call, errno, nth})
			}
		}
	}
	rand.Shuffle(len(x.calls), func(i, j int) { x.calls[i], x.calls[j] = x.calls[j], x.calls[i] })
	return nil
}

// failCall runs a job whose runner and workers have a call fail.
func (x *torture) failCall() (string, bool) {
	c := x.calls[0]
	x.calls = x.calls[1:]
	v := x.victim()
	p := x.start(v, x.home, x.injector, "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null",
		"-e", "trace="+c.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", c.call, c.errno, c.nth))
	came := x.judge(v, x.home, p, true, fmt.Sprintf("%s number %d of each thread fails with %s", c.call, c.nth, c.errno))
	return came, len(x.calls) > 0
}
