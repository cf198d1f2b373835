package mapreduce_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/internal/testkit"
)

// Whenever a run is killed, an output has its quarantine, whole; the next run removes what else is left.
func TestKilledQuarantine(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	for i := range 40 {
		writeFile(t, store, fmt.Sprintf("saved_session/Firefox/nightly/30.0a1/%d.20140308.v2.log", i), "a\t{}\nno record\nb\t{\n")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, quarantine := filepath.Join(dir, "out.tsv"), filepath.Join(dir, "bad")
	run := func(kill time.Duration) {
		cmd := exec.Command(exe, "runner", "-max-bad", "80", "-quarantine", quarantine, "half", store, output)
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		if kill > 0 {
			testkit.KillAfter(t, cmd, kill)
		} else if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	begin := time.Now()
	run(0)
	whole := time.Since(begin)
	want := read(t, output)
	list, raw := quarantineOf(t, quarantine)
	for range 8 {
		if err := errors.Join(os.Remove(output), os.RemoveAll(quarantine)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		run(whole/2 + rand.N(whole/2))
		if text, err := os.ReadFile(output); err == nil {
			if l, r := quarantineOf(t, quarantine); string(text) != want || l != list || r != raw {
				t.Fatalf("a run that was killed has left the output\n%s\nand the quarantine\n%s%s", text, l, r)
			}
		}
	}
	run(0)
	if l, r := quarantineOf(t, quarantine); l != list || r != raw {
		t.Errorf("the last run's quarantine is\n%s%s", l, r)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"bad", "out.tsv"}) {
		t.Errorf("left: %q", got)
	}
}
