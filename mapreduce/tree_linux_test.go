package mapreduce_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
)

var manyValues = flag.Int("values", 300_000, "how many values TestManyValues gives to one key")

// A key with any number of values, and a table spilled many times, go through the least memory that a run may have: that of all
// processes together, shared pages counted once.
func TestManyValues(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests are for the race detector, which takes memory of its own")
	}
	store, output := t.TempDir(), filepath.Join(t.TempDir(), "out.tsv")
	for i := range 40 { // tasks
		writeFile(t, store, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i), strings.Repeat("a\t{}\n", max(*manyValues/400_000, 1)))
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "runner", "-memory", fmt.Sprint(leastMemory), "many", store, output)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	var most int64
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for err = errRunning; err == errRunning; {
		select {
		case err = <-ended:
		case <-tick.C:
			sum := proportional(cmd.Process.Pid)
			for _, pid := range children(cmd.Process.Pid) {
				sum += proportional(pid)
			}
			most = max(most, sum)
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	text, err := os.ReadFile(output)
	if err != nil || !strings.HasPrefix(string(text), "k\t") || strings.Count(string(text), "\n") != 1 {
		t.Errorf("output %q (%v), want one row", text, err)
	}
	t.Logf("%d MiB at most, of %d MiB: %s", most>>20, leastMemory>>20, text)
	if most == 0 || most > leastMemory {
		t.Errorf("%d MiB in use, want at most %d MiB", most>>20, leastMemory>>20)
	}
}

// leastMemory is the least that a run may have.
const leastMemory = 128 << 20

var errRunning = errors.New("running")

// proportional is the memory of a process, with its part of what it shares with others.
func proportional(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)) // none if it has ended
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(f[0], 10, 64)
	return kb << 10
}

// Hundreds of runs are merged with few files open.
func TestFewFiles(t *testing.T) {
	store, dir := writeStore(t, 600), t.TempDir()
	want, stats, err := runShaped(t, shape.Shape{RunBytes: 1, TaskFiles: 4}, jobs["lists"].local(), mapreduce.Config{Data: store})
	if err != nil || stats.Runs < 500 {
		t.Fatalf("%d runs, want 500 at least (%v)", stats.Runs, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(dir, "out.tsv")
	cmd := exec.Command("sh", "-c", `ulimit -n 64 && exec "$0" "$@"`, exe, "runner", "-run-bytes", "1", "lists", store, output)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if text, err := os.ReadFile(output); err != nil || string(text) != want {
		t.Errorf("an output of %d bytes, want %d (%v)", len(text), len(want), err)
	}
}
