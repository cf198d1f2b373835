package main // as script_test.go, which builds the examples

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme does what README.md says: with -examples in a copy of the module, else where bin/ and the store are as if the
// command and jobs had been built there.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and tests a job")
	}
	if _, err := exec.LookPath("gzip"); err != nil {
		t.Skip("README.md packs a file with gzip: ", err)
	}
	root := os.DirFS("../..")
	readme := read(t, root, "README.md")
	module := t.TempDir()
	if *examples {
		copyModule(t, root, module)
	} else {
		linkBuilt(t, module)
	}

	for _, b := range allBlocks(readme) {
		switch b.language {
		case "console":
			for _, c := range commands(b.text) {
				if c.line == "go test ./..." { // that is us
					continue
				}
				if *examples || !strings.HasPrefix(c.line, "go ") {
					replay(t, module, c)
				}
			}
		case "diff":
			edit(t, module, b.text)
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

// linkBuilt makes dir look like this module to those who have only built the command and jobs.
func linkBuilt(t *testing.T, dir string) {
	t.Helper()
	if err := buildExamples(); err != nil {
		t.Fatal(err)
	}
	mr, err := exec.LookPath("mr")
	if err != nil {
		t.Fatal(err)
	}
	store, err := filepath.Abs("../../examples/store")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.Symlink(filepath.Dir(mr), filepath.Join(dir, "bin")),
		os.Mkdir(filepath.Join(dir, "examples"), 0o777),
		os.Symlink(store, filepath.Join(dir, "examples", "store")),
	); err != nil {
		t.Fatal(err)
	}
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

// replay runs a command, which must print what README.md says, but for the time that a test takes.
func replay(t *testing.T, dir string, c command) {
	t.Helper()
	cmd := exec.Command("sh", "-c", c.line)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("$ %s\n%s%s%v", c.line, out, stderr.String(), err)
	}
	seconds := regexp.MustCompile(`(?m)\t[0-9.]+s$`)
	if got, want := seconds.ReplaceAllString(string(out), ""), seconds.ReplaceAllString(c.output, ""); got != want {
		t.Errorf("$ %s\nprints\n%s\nREADME.md has\n%s", c.line, got, want)
	}
}

// edit does what a diff without line numbers says: the name of a file behind +++, then lines that stay, go (-) or come (+),
// with @@ between those that are apart.
func edit(t *testing.T, dir, diff string) {
	t.Helper()
	for file := range strings.SplitSeq(strings.TrimPrefix(diff, "+++ "), "\n+++ ") {
		name, hunks, _ := strings.Cut(strings.TrimRight(file, "\n"), "\n")
		name = filepath.Join(dir, filepath.FromSlash(name))
		old, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(old)
		for hunk := range strings.SplitSeq(hunks, "\n@@\n") {
			var before, after strings.Builder
			for line := range strings.Lines(hunk + "\n") {
				if line[0] != '+' {
					before.WriteString(line[1:])
				}
				if line[0] != '-' {
					after.WriteString(line[1:])
				}
			}
			if strings.Count(text, before.String()) != 1 {
				t.Fatalf("README.md changes lines of %s that are not there:\n%s\nThere is\n%s", name, before.String(), text)
			}
			text = strings.Replace(text, before.String(), after.String(), 1)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

type block struct{ language, text string }

// allBlocks returns the code blocks.
func allBlocks(markdown string) []block {
	var found []block
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		found = append(found, block{m[1], m[2]})
	}
	return found
}

// blocks returns the text of the code blocks in a language.
func blocks(markdown, language string) []string {
	var found []string
	for _, b := range allBlocks(markdown) {
		if b.language == language {
			found = append(found, b.text)
		}
	}
	return found
}

type command struct{ line, output string }

// commands splits a console block: a line that begins with "$ " is a command, lines behind it with "> " belong to it, and what
// follows is its output.
func commands(block string) []command {
	var all []command
	for line := range strings.Lines(block) {
		if c, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, command{line: strings.TrimSpace(c)})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := &all[len(all)-1]
		if c, ok := strings.CutPrefix(line, "> "); ok && last.output == "" {
			last.line += "\n" + strings.TrimRight(c, "\n")
		} else {
			last.output += line
		}
	}
	return all
}
