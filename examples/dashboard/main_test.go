package main // a test of another package could not call main

import (
	"os"
	"testing"
)

// TestMain lets the test's own program be the dashboard, and the workers that update starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "job" || verbs[os.Args[1]] != nil) {
		main()
		return
	}
	os.Exit(m.Run())
}
