package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
)

// builds are at least 5: a filter below names the fifth.
var builds = flag.Int("builds", 5, "how many files TestExplainTells puts into each of its thousand directories")

// TestExplainTells compares the directories that ls --explain --names says are read with those that the kernel saw being opened,
// by ls and by run, in a store of thousands of files.
func TestExplainTells(t *testing.T) {
	strace := testkit.Strace(t)
	if testing.Short() {
		t.Skip("thousands of files")
	}
	store := filepath.Join(t.TempDir(), "store")
	for reason := range 10 {
		for channel := range 10 {
			for version := range 10 {
				dir := fmt.Sprintf("%s/r%d/Firefox/c%d/%d.0", store, reason, channel, version)
				if err := os.MkdirAll(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				for build := range *builds {
					name := fmt.Sprintf("%s/201401%02d.20140201.v2.log", dir, build+1)
					if err := os.WriteFile(name, []byte("a\t{\"os\": \"Linux\"}\n"), 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	schema := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(schema, []byte(`{"dimensions": [
		{"field_name": "reason", "allowed_values": "*"}, {"field_name": "app", "allowed_values": "*"},
		{"field_name": "channel", "allowed_values": "*"}, {"field_name": "version", "allowed_values": "*", "type": "version"},
		{"field_name": "build", "allowed_values": "*"}, {"field_name": "date", "allowed_values": "*"}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		filter      string
		read, files int
	}{
		{"reason=r3 channel=c1,c5 version=2..4", 1 + 1 + 1 + 2 + 6, 6 * *builds},
		{"version=7 build=20140105", 1 + 10 + 10 + 100 + 100, 100},
		{"reason=r3 version=10..", 1 + 1 + 1 + 10, 0},
	} {
		flags := []string{"--data", store, "--schema", schema, "--filter", tt.filter}
		told, err := exec.Command("mr", slices.Concat([]string{"ls", "--explain", "--names"}, flags)...).Output()
		if err != nil && tt.files > 0 {
			t.Fatal(err)
		}
		var read []string
		for line := range strings.Lines(string(told)) {
			if dir, ok := strings.CutPrefix(line, "read\t"); ok {
				read = append(read, filepath.Join(store, strings.TrimSuffix(dir, "\n")))
			}
		}
		slices.Sort(read)
		if len(read) != tt.read || !bytes.Contains(told, fmt.Appendf(nil, "\n%d directories read, ", tt.read)) {
			t.Errorf("%s: %d directories named, want %d; told is\n%s", tt.filter, len(read), tt.read, told)
		}
		if tt.files > 0 && !bytes.Contains(told, fmt.Appendf(nil, " %d  files, ", tt.files)) {
			t.Errorf("%s: not %d files are told of in\n%s", tt.filter, tt.files, told)
		}
		for _, command := range [][]string{
			slices.Concat([]string{"mr", "ls", "--explain"}, flags),
			slices.Concat([]string{"mr", "run", "--workers", "1"}, flags, []string{"job"}),
		} {
			if opened := directoriesOpened(t, strace, store, command); !slices.Equal(opened, read) {
				t.Errorf("%s: %s opened the directories\n%q\ntold was\n%q", tt.filter, command[1], opened, read)
			}
		}
	}
}

// directoriesOpened runs a command and returns the directories in dir, or dir itself, that it or its children have opened.
func directoriesOpened(t *testing.T, strace, dir string, command []string) []string {
	t.Helper()
	traces := t.TempDir()
	path, err := exec.LookPath(command[0])
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-ff", "-y", "-e", "trace=open,openat,openat2", "-o", filepath.Join(traces, "t"), path}
	_ = exec.Command(strace, append(args, command[1:]...)...).Run() // its status may be 3
	names, err := filepath.Glob(filepath.Join(traces, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no trace: %v", err)
	}
	opened := regexp.MustCompile(`(?m) = \d+<(` + regexp.QuoteMeta(dir) + `(?:/[^>]*)?)>$`)
	seen := map[string]bool{}
	var dirs []string
	for _, name := range names {
		trace, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range opened.FindAllSubmatch(trace, -1) {
			path := string(m[1])
			if info, err := os.Stat(path); err == nil && info.IsDir() && !seen[path] {
				seen[path] = true
				dirs = append(dirs, path)
			}
		}
	}
	slices.Sort(dirs)
	return dirs
}
