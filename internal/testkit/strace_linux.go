package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Strace returns the path of strace. A test on a machine that has none, or does not let it trace, is skipped.
func Strace(t testing.TB) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %s", out)
	}
	return strace
}
