package receive_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage/rawlog"
	"github.com/telemetry-mr/mr/storage/resend"
)

var (
	abuse  = flag.Int("abuse", 50, "how many requests of each kind TestAbuse makes a second; 0 is as many as it can")
	during = flag.Duration("during", time.Second, "how long TestAbuse takes")
)

// Whatever others do, a client that behaves gets its answers, and what it sends is kept once; nothing is written but the raw
// log; memory stays within 64 MiB. The log tells how long answers took.
func TestAbuse(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	others := exec.Command(os.Args[0])
	others.Env = append(os.Environ(), "ABUSE="+p.addr, fmt.Sprintf("ABUSE_HOW=%d %d %d", *slow, *abuse, *during))
	others.Stderr = os.Stderr
	out, err := others.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := others.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	said.Scan() // the slow ones are connected
	const rate = 2000
	n := int(during.Seconds() * rate)
	report, err := resend.Run(t.Context(), resend.Options{To: "http://" + p.addr + prefix, Connections: 16, Rate: rate, Tries: 10}, honest(n), nil)
	if err != nil || report.Status[200] != int64(n) {
		t.Errorf("%d submissions, answers %v, %v", n, report.Status, err)
	}
	said.Scan()
	if err := others.Wait(); err != nil {
		t.Errorf("the others: %v", err)
	}
	peak := memoryOf(t, p.cmd.Process.Pid)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	t.Logf("%d slow clients, and in %v %s; %d submissions answered: p50 %v, p99 %v, max %v; memory %d KiB",
		*slow, *during, said.Text(), n, report.P50, report.P99, report.Max, peak)
	if peak > 64<<10 {
		t.Errorf("memory was %d KiB", peak)
	}
	found := map[string]int{}
	for _, path := range paths(stored(t, dir)) {
		found[path]++
	}
	for path, times := range found {
		if strings.HasPrefix(path, "honest/") && times > 1+int(report.Retries) || path == "bad" || path == "slow" {
			t.Errorf("%s is there %d times", path, times)
		}
	}
	for i := range n {
		if found["honest/"+strconv.Itoa(i)] == 0 {
			t.Errorf("submission %d is lost", i)
		}
	}
	c := config(t)
	c.LogPath = dir
	onlyLogs(t, c)
}

// honest are n submissions of a kilobyte.
func honest(n int) func(yield func(rawlog.Record, error) bool) {
	data := []byte(`{"a":"` + strings.Repeat("x", 1000) + `"}`)
	return func(yield func(rawlog.Record, error) bool) {
		for i := range n {
			if !yield(rawlog.Record{Path: []byte("honest/" + strconv.Itoa(i)), Data: data}, nil) {
				return
			}
		}
	}
}

// memoryOf is the most that a process has had, in KiB.
func memoryOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib
		}
	}
	t.Fatal("there is no VmHWM")
	return 0
}
