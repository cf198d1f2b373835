package mapreduce

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/telemetry-mr/mr/storage"
)

// The ends of the names of profiles.
const (
	cpuProfile  = ".cpu.pprof"
	heapProfile = ".heap.pprof"
)

// profileName is what the names of the n-th worker's profiles begin with.
func profileName(n int) string { return fmt.Sprintf("worker-%d", n) }

// profileDir makes the directory for profiles, without those of an earlier run, and returns its absolute path.
func profileDir(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", &ConfigError{Msg: "the directory for profiles: " + err.Error()}
	}
	for _, end := range []string{cpuProfile, heapProfile} {
		old, _ := filepath.Glob(filepath.Join(dir, "worker-[0-9]*"+end)) // the pattern is well-formed
		for _, name := range old {
			if err := os.Remove(name); err != nil {
				return "", fmt.Errorf("removing the profile of an earlier run: %w", err)
			}
		}
	}
	return dir, nil
}

// A profiler takes the profiles of this process.
type profiler struct {
	path string       // without the ends
	cpu  bytes.Buffer // written at the end; a worker that is lost leaves nothing
}

func startProfiler(path string) (*profiler, error) {
	p := &profiler{path: path}
	return p, pprof.StartCPUProfile(&p.cpu)
}

// stop writes the profiles.
func (p *profiler) stop() error {
	pprof.StopCPUProfile()
	runtime.GC() // the heap's profile is of the last collection
	var heap bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&heap, 0); err != nil {
		return err
	}
	return errors.Join(publish(p.path+cpuProfile, p.cpu.Bytes()), publish(p.path+heapProfile, heap.Bytes()))
}

func publish(name string, text []byte) error {
	f, err := storage.CreateFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, _ = f.Write(text) // Publish tells
	return f.Publish()
}
