package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// MainOr is a TestMain for tests that start processes: the test binary, called with verb and one argument alone, calls
// process with it and ends, with status 1 if there was an error. Else it runs the tests.
func MainOr(m *testing.M, verb string, process func(arg string) error) {
	if len(os.Args) != 3 || os.Args[1] != verb {
		os.Exit(m.Run())
	}
	if err := process(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Process makes a command of what MainOr calls.
func Process(verb, arg string) *exec.Cmd { return exec.Command(os.Args[0], verb, arg) }

// KillAfter runs a command and kills it after a time, if it has not ended before. Any other end than success or that kill fails
// the test.
func KillAfter(t *testing.T, cmd *exec.Cmd, after time.Duration) (killed bool) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
	err := cmd.Wait()
	timer.Stop()
	if err == nil {
		return false
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Exited() {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return true
}
