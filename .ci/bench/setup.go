//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// duckdbVersion is the one of PyPI that is compared.
const duckdbVersion = "2.0.0"

// bigPings is a store of more than 336 million bucket counts, 20 times 128 MiB of eight bytes each: a ping has about 2,690.
const bigPings = "132000"

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

// build makes mr, the jobs and the hand-written programs.
func build(o options) error {
	log.Print("building")
	packages := []string{"./cmd/mr", "./.ci/bench/check"}
	for _, job := range jobs {
		packages = append(packages, "./.ci/bench/jobs/"+job)
	}
	if _, err := command(o.root, "go", append([]string{"build", "-o", o.bin("") + "/"}, packages...)...); err != nil {
		return err
	}
	_, err := command(filepath.Join(o.root, ".ci", "bench", "peers"), "go", "build", "-o", o.bin("go-a"), "./a")
	return err
}

// ensureStore sets o.store and makes it if it is one of our own and not there.
func ensureStore(o *options) error {
	if o.store != "" {
		_, err := os.Stat(o.store)
		return err
	}
	name, args := "std", []string{"gen", "--seed", "1"}
	if o.big {
		name, args = "big", append(args, "--pings", bigPings)
	}
	// A store is as good as the generator that made it: another build of it makes another one.
	sources, err := command(o.root, "go", "list", "-f", "{{.Dir}}", "./cmd/mr/internal/gen")
	if err != nil {
		return err
	}
	hash, err := hashDir(sources)
	if err != nil {
		return err
	}
	o.store = filepath.Join(o.cache, fmt.Sprintf("%s-%08x", name, hash))
	if _, err := os.Stat(o.store); err == nil {
		return nil
	}
	old, err := filepath.Glob(filepath.Join(o.cache, name+"-*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	log.Printf("making %s", o.store)
	_, err = command(o.root, o.bin("mr"), append(args, o.store)...)
	return err
}

// hashDir returns a hash of the Go files of a directory, without tests.
func hashDir(dir string) (uint32, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return 0, err
	}
	h := fnv.New32a()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		_, _ = h.Write(data) // never fails
	}
	return h.Sum32(), nil
}

// ensureDuckDB installs the package and returns the directory to put on the Python path.
func ensureDuckDB(o options) (string, error) {
	dir := filepath.Join(o.cache, "duckdb-"+duckdbVersion)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	log.Printf("installing duckdb %s", duckdbVersion)
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	if _, err := command(o.root, "python3", "-m", "pip", "install", "--quiet", "--target", tmp, "duckdb=="+duckdbVersion); err != nil {
		return "", err
	}
	return dir, os.Rename(tmp, dir)
}

// machine describes this one in a line.
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
	return fmt.Sprintf("%s, %d processors%s, Linux %s, %s, DuckDB %s", model, runtime.NumCPU(), memory, bytes.TrimSpace(kernel), runtime.Version(), duckdbVersion)
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
		if err != nil || !strings.HasSuffix(d.Name(), ".zst") {
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
