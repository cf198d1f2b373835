package main_test

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
)

// TestWritten has the kernel tell what a run writes, from the build of its job to its last file: nothing but its output, what
// flags name, its work directory, its directories for temporary files, and what the go command keeps.
func TestWritten(t *testing.T) {
	strace := testkit.Strace(t)
	if testing.Short() {
		t.Skip("builds a job")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache := strings.Fields(string(dirs))
	top := t.TempDir()
	in := func(name string) string { return filepath.Join(top, name) }
	for _, dir := range []string{"out", "work", "tmp", "home", "report"} {
		if err := os.Mkdir(in(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	allowed := []*regexp.Regexp{
		regexp.MustCompile(`^/dev/(null|tty)$`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("out")) + `/(\.?os\.tsv[^/]*)$`), // with its lock and its temporary name
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("report")) + `/(\.?r\.json[^/]*)$`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("profiles")) + `(/\.?worker-\d+\.(cpu|heap)\.pprof[^/]*)?$`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("work")) + `/\.os\.tsv-[0-9a-f]{8}\.work(/|$)`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("tmp")) + `/mr-`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(in("home")) + `/\.config/go(/|$)|^` + regexp.QuoteMeta(in("home")) + `/\.config$`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(cache[0]) + `(/|$)`),
		regexp.MustCompile(`^` + regexp.QuoteMeta(cache[1]) + `(/|$)`),
	}

	log := in("log")
	cmd := exec.Command(strace, "-f", "-y", "-qq", "-s", "4096", "--seccomp-bpf", "-o", log,
		"-e", "trace=open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"+
			"unlink,unlinkat,rmdir,truncate,chmod,fchmodat,chown,lchown,fchownat,utimensat,bind",
		"mr", "run", "--data", "examples/store", "--output", in("out/os.tsv"), "--report", in("report/r.json"),
		"--profile", in("profiles"), "--work-dir", in("work"), "./examples/osdistribution")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TMPDIR="+in("tmp"), "HOME="+in("home"), "GOCACHE="+cache[0], "GOMODCACHE="+cache[1], "XDG_CONFIG_HOME=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	written := writtenPaths(string(text), root)
	for _, path := range written {
		if !slices.ContainsFunc(allowed, func(r *regexp.Regexp) bool { return r.MatchString(path) }) {
			t.Errorf("written: %s", path)
		}
	}
	for _, name := range []string{"out/os.tsv", "report/r.json", "profiles/worker-1.cpu.pprof"} { // so it can be seen
		if !slices.Contains(written, in(name)) {
			t.Errorf("not seen to be written: %s", name)
		}
	}
	for dir, want := range map[string][]string{"out": {"os.tsv"}, "work": nil, "tmp": nil, "report": {"r.json"}} {
		var left []string
		entries, err := os.ReadDir(in(dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if !slices.Equal(left, want) {
			t.Errorf("left in %s: %q, want %q", dir, left, want)
		}
	}
}

var (
	// A path argument, with the directory that it is relative to if the call has one.
	pathArgument = regexp.MustCompile(`(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"`)
	succeeded    = regexp.MustCompile(`\) += (0|[1-9]\d*(<.*>)?)$`)
	unfinished   = regexp.MustCompile(`^(\d+) +(.*) <unfinished \.\.\.>$`)
	resumed      = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
)

// writtenPaths lists the paths that calls in a log of strace have changed or opened for writing, absolute, each once.
func writtenPaths(log, cwd string) []string {
	begun := map[string]string{} // by process
	var all []string
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if m := unfinished.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[2]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + begun[m[1]] + m[2]
		}
		if !succeeded.MatchString(line) {
			continue
		}
		if strings.Contains(line, " open") && !strings.Contains(line, "O_WRONLY") && !strings.Contains(line, "O_RDWR") && !strings.Contains(line, "O_CREAT") {
			continue
		}
		args, _, _ := strings.Cut(line, ") = ")
		for _, m := range pathArgument.FindAllStringSubmatch(args, -1) {
			path := m[2]
			if !filepath.IsAbs(path) {
				path = filepath.Join(cmp.Or(m[1], cwd), path)
			}
			all = append(all, filepath.Clean(path))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
