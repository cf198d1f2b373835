//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// duckdbVersion is the one of PyPI that is compared.
const duckdbVersion = "2.0.0"

// command runs a program in the repository and returns what it prints.
func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}

// goEnvRoot returns the directory of the main module.
func goEnvRoot() (string, error) {
	mod, err := command(".", "go", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	root := filepath.Dir(mod)
	if _, err := os.Stat(filepath.Join(root, ".ci", "bench")); err != nil {
		return "", errors.New("run it inside the repository: go run ./.ci/bench")
	}
	return root, nil
}

// build makes mr, the jobs and the hand-written programs, all of them without shared libraries, as where there is no C compiler.
func build(o options) error {
	log.Print("building")
	if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
		return err
	}
	if _, err := command(o.root, "go", "build", "-o", o.bin("")+"/", "./cmd/mr", "./.ci/bench/check", "./.ci/bench/jobs/..."); err != nil {
		return err
	}
	_, err := command(filepath.Join(o.root, ".ci", "bench", "peers"), "go", "build", "-o", o.bin("go-a"), "./a")
	return err
}

// ensurePyPI installs packages and returns the directory to put on the Python path.
func ensurePyPI(o options, packages string) (string, error) {
	return ensure(o, "pypi "+packages, func(dir string) error {
		args := append([]string{"-m", "pip", "install", "--quiet", "--target", dir}, strings.Fields(packages)...)
		_, err := command(o.root, "python3", args...)
		return err
	})
}

// ensureNPM installs a package and returns the directory to put on the path of Node.
func ensureNPM(o options, name string) (string, error) {
	dir, err := ensure(o, "npm "+name, func(dir string) error {
		_, err := command(o.root, "npm", "install", "--silent", "--prefix", dir, name)
		return err
	})
	return filepath.Join(dir, "node_modules"), err
}

// buildBeam builds a module of its own, which takes two minutes.
func buildBeam(o options, c *contender) error {
	c.env = []string{"TMPDIR=" + o.scratch} // it leaves something there
	_, err := command(o.peer("beam"), "go", "build", "-o", o.bin("beam-a"), ".")
	return err
}

// ensure returns a directory of the cache, which fill fills if it is not there.
func ensure(o options, name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(o.cache, strings.NewReplacer(" ", "-", "/", "-").Replace(name))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	log.Printf("installing %s", name)
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	if err := fill(tmp); err != nil {
		return "", err
	}
	return dir, os.Rename(tmp, dir)
}

// machine describes this one in a line, with the date.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	memory := ""
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kib); err == nil {
			memory = fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte(runtime.GOOS)
	}
	return fmt.Sprintf("%s, %d processors%s, Linux %s, %s, %s",
		model, runtime.NumCPU(), memory, bytes.TrimSpace(kernel), runtime.Version(), time.Now().Format(time.DateOnly))
}

// revision is what git calls the sources, or "unknown".
func revision(root string) string {
	name, err := command(root, "git", "describe", "--always", "--dirty")
	if err != nil {
		return "unknown"
	}
	return name
}

func storeSize(dir string) string {
	var files, bytes int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(d.Name(), ".log") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files++
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d files, %.1f MB stored", files, float64(bytes)/1e6)
}
