//go:build !unix

package main

import "os"

// newJobDir makes a directory for a job program. What a process that was killed leaves stays.
func newJobDir() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "mr-job-")
	return dir, func() { _ = os.RemoveAll(dir) }, err // a temporary directory
}
