package main_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme does what README.md says, in a copy of the module.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command and its examples again")
	}
	root := os.DirFS("../..")
	readme := read(t, root, "README.md")
	module := t.TempDir()
	copyModule(t, root, module)

	for _, block := range blocks(readme, "console") {
		for _, c := range commands(block) {
			if c.line == "go test ./..." {
				continue // that is us
			}
			cmd := exec.Command("sh", "-c", c.line)
			cmd.Dir = module
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("$ %s\n%s%v", c.line, stderr.String(), err)
			}
			if got := string(out); got != c.output {
				t.Errorf("$ %s\nprints\n%s\nREADME.md has\n%s", c.line, got, c.output)
			}
		}
	}

	source := read(t, root, "examples/osdistribution/main.go")
	if !strings.Contains(readme, "```go\n"+source+"```\n") {
		t.Error("README.md does not have examples/osdistribution/main.go as it is")
	}
	ci := read(t, root, ".ci/run")
	for _, c := range commands(blocks(readme, "console")[0]) {
		if !strings.Contains(ci, "\n"+c.line+"\n") {
			t.Errorf(".ci/run does not run %q, as README.md says first", c.line)
		}
	}
}

// TestReadmeLinks looks for the files that README.md leads to.
func TestReadmeLinks(t *testing.T) {
	root := os.DirFS("../..")
	for _, m := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllStringSubmatch(read(t, root, "README.md"), -1) {
		if _, err := fs.Stat(root, m[1]); err != nil {
			t.Error(err)
		}
	}
}

func read(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// copyModule copies what go build reads, and the store of the examples.
func copyModule(t *testing.T, root fs.FS, dir string) {
	t.Helper()
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(read(t, root, name)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"cmd", "examples", "filter", "mapreduce", "storage"} {
		sub, err := fs.Sub(root, folder)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(dir, folder), sub); err != nil {
			t.Fatal(err)
		}
	}
}

// blocks returns the text of the code blocks in a language.
func blocks(markdown, language string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		found = append(found, m[1])
	}
	return found
}

type command struct{ line, output string }

// commands splits a console block: a line that begins with "$ " is a command, what follows is its output.
func commands(block string) []command {
	var all []command
	for line := range strings.Lines(block) {
		if c, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, command{line: strings.TrimSpace(c)})
		} else if len(all) > 0 {
			all[len(all)-1].output += line
		}
	}
	return all
}
