//go:build !unix

package worker

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

// Worker processes need pipes beyond the standard three and process groups, so that there are none on this system.
var errUnsupported = errors.New("worker processes are not supported on " + runtime.GOOS)

func launch(*exec.Cmd) error { return errUnsupported }

func reap(cmd *exec.Cmd, mu *sync.Mutex, ended func()) {
	_ = cmd.Wait()
	mu.Lock()
	defer mu.Unlock()
	ended()
}

func killGroup(p *os.Process) { _ = p.Kill() }

func killOwnGroup() {}

func inherited() (life, greeting *os.File, err error) { return nil, nil, errUnsupported }

func newMarkFile(string) (*os.File, error) { return nil, errUnsupported }

func mapMark(*os.File) (*Mark, error) { return nil, errUnsupported }

func unmapMark(*Mark) {}

func inheritedMark() *Mark { return new(Mark) }

func isTransient(error) bool { return false }

func isForeign(error) bool { return false }

// NewSocketDir fails: there are no worker processes on this system.
func NewSocketDir() (dir string, cleanup func(), err error) { return "", nil, errUnsupported }

// NewPrivateDir fails likewise.
func NewPrivateDir(string) (dir string, cleanup func(), err error) { return "", nil, errUnsupported }
