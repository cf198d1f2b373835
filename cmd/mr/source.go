package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/telemetry-mr/mr"

// A source is a version of this module that other modules are to be built with.
type source struct {
	dir      string // that replaces the module, "" if it is of a version
	version  string
	language string   // the go directive
	requires []string // "module version" of all that it needs
	sums     []byte   // go.sum
}

// findSource finds the source in dir or, if dir is empty, that of this program: a clone, or what the go command has kept of a
// version.
func findSource(dir string) (source, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return source{}, err
		}
		src, err := readSource(abs)
		if err != nil {
			return source{}, usagef("--source: %v", err).hint("it names a clone of " + modulePath)
		}
		return src, nil
	}
	src, err := readSource(ownSource())
	if err != nil {
		return source{}, usagef("the source that this mr was built from is not known, or gone").
			hint("--source DIR names a clone of " + modulePath)
	}
	return src, nil
}

// ownSource is where the source of this program was when it was built, or may be found now.
func ownSource() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return ""
	}
	if filepath.IsAbs(file) {
		return filepath.Dir(filepath.Dir(filepath.Dir(file))) // of cmd/mr/source.go
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output() // built with -trimpath
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(cache)), filepath.FromSlash(modulePath)+"@"+info.Main.Version)
}

var (
	goLine      = regexp.MustCompile(`(?m)^go (\S+)$`)
	requireLine = regexp.MustCompile(`(?m)^(?:require)?[ \t]+(\S+ v\S+)`)
)

// readSource reads the go.mod and the go.sum of the module in dir.
func readSource(dir string) (source, error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return source{}, err
	}
	language := goLine.FindSubmatch(mod)
	if language == nil || !bytes.HasPrefix(mod, []byte("module "+modulePath+"\n")) {
		return source{}, fmt.Errorf("%s is not the module %s", dir, modulePath)
	}
	src := source{dir: dir, version: "v0.0.0", language: string(language[1])}
	for _, m := range requireLine.FindAllSubmatch(mod, -1) {
		src.requires = append(src.requires, string(m[1]))
	}
	if src.sums, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return source{}, err
	}
	if before, version, ok := strings.Cut(filepath.ToSlash(dir), modulePath+"@"); ok {
		src.dir, src.version = "", version
		zip, err := os.ReadFile(filepath.Join(filepath.FromSlash(before), "cache", "download", filepath.FromSlash(modulePath), "@v", version+".ziphash"))
		if err != nil {
			return source{}, err
		}
		src.sums = fmt.Appendf(src.sums, "%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", modulePath, version, zip, modSum(mod))
	}
	return src, nil
}

// modSum is what go.sum says of a go.mod: the hash of a list of one file.
func modSum(mod []byte) string {
	list := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", sha256.Sum256(mod)))
	return "h1:" + base64.StdEncoding.EncodeToString(list[:])
}

// goMod is the go.mod of a module that needs this one, with all that this one needs, so that nothing has to be looked up.
func (s source) goMod(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "module example.com/%s\n\ngo %s\n\nrequire %s %s\n\nrequire (\n", name, s.language, modulePath, s.version)
	for _, r := range s.requires {
		fmt.Fprintf(&b, "\t%s // indirect\n", r)
	}
	b.WriteString(")\n")
	if s.dir != "" {
		fmt.Fprintf(&b, "\nreplace %s => %s\n", modulePath, quoteMod(s.dir))
	}
	return b.Bytes()
}

// quoteMod makes a path one word of a go.mod.
func quoteMod(path string) string {
	if strings.ContainsAny(path, " \t'\"(),[]{}") {
		return "`" + path + "`"
	}
	return path
}
