package worker

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	// A process is looked at again when it could have reached its limit at this rate, which is that of a processor that
	// does nothing but take new pages; but not more often, and not less, than this.
	fillRate   = 4 << 30 // bytes a second
	lookAtMost = 2 * time.Millisecond
	lookAtRest = 250 * time.Millisecond

	// wallSlack is for what is mapped and not in use: stacks of C threads, and what Go has given back in pieces.
	wallSlack = 128 << 20
)

// watchMemory calls over and returns when the process has more than limit bytes of resident memory of its own. It also returns
// when ended is closed.
func watchMemory(pid int, limit int64, ended <-chan struct{}, over func(used int64)) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return // it has gone, or there is no /proc
	}
	defer f.Close() // only read
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return
		case <-timer.C:
		}
		m, err := readStatm(f)
		if err != nil {
			return // gone
		}
		used := m.resident - m.shared
		if used > limit {
			over(used)
			return
		}
		timer.Reset(lookAgain(limit - used))
	}
}

// lookAgain is how long a process with so many bytes left need not be looked at.
func lookAgain(left int64) time.Duration {
	return min(max(time.Duration(float64(left)/fillRate*float64(time.Second)), lookAtMost), lookAtRest)
}

// wallIn lets this process map half as much again as limit, and no more: the kernel then refuses it memory, which ends a Go
// program. That is for a runner that does not come to look, because it is stopped or the machine is busy.
func wallIn(limit int64) {
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return
	}
	defer f.Close() // only read
	m, err := readStatm(f)
	if err != nil {
		return
	}
	var now syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_DATA, &now) != nil {
		return
	}
	// What is mapped at the start counts: the race detector maps more than there is memory.
	now.Cur = min(now.Max, uint64(m.data+limit+limit/2+wallSlack))
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &now) // best effort, as all here: the runner looks
}

// A statm is memory in bytes as the kernel tells it of a process.
type statm struct{ size, resident, shared, text, lib, data int64 }

func readStatm(f *os.File) (m statm, err error) {
	var buf [256]byte
	n, err := f.ReadAt(buf[:], 0)
	if n == 0 {
		return m, err
	}
	all := []*int64{&m.size, &m.resident, &m.shared, &m.text, &m.lib, &m.data}
	for i, field := range bytes.Fields(buf[:n]) {
		if i == len(all) {
			break
		}
		pages, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return m, err
		}
		*all[i] = pages * int64(os.Getpagesize())
	}
	return m, nil
}

// settleTime is how long a runner has to end a process that has more memory than it may.
const settleTime = 2 * time.Second

// Settle waits for the end of this process if it has more memory than it may, whose share is this, so that what it is at is what
// took the memory. On other systems than Linux it does nothing.
func Settle(share int64) {
	if share <= 0 {
		return
	}
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return
	}
	defer f.Close() // only read
	if m, err := readStatm(f); err == nil && m.resident-m.shared > memoryLimit(share) {
		time.Sleep(settleTime)
	}
}
