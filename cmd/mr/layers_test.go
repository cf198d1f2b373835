package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/telemetry-mr/mr/"

// mayImport says what the packages in a folder, and below it, import besides the standard library: packages of this module,
// and other modules. What is not listed is forbidden; of several folders the deepest counts. Tests may import more.
var mayImport = map[string]string{
	"filter":                    "",
	"storage":                   "filter github.com/klauspost/compress/... github.com/ulikunitz/xz/...",
	"storage/digits":            "",
	"storage/exact":             "",
	"storage/histogram":         "filter storage storage/digits storage/exact storage/histogram",
	"storage/rawlog":            "storage",
	"storage/receive":           "storage storage/rawlog storage/stats",
	"storage/stats":             "github.com/VictoriaMetrics/metrics",
	"storage/resend":            "storage/rawlog",
	"storage/ingest":            "storage storage/histogram/... storage/rawlog storage/ingest/...",
	"storage/compact":           "storage storage/ingest",
	"mapreduce":                 "filter storage storage/exact mapreduce/... golang.org/x/sync/...",
	"mapreduce/mapreducetest":   "storage mapreduce mapreduce/internal/...",
	"mapreduce/internal":        "filter storage storage/exact github.com/cespare/xxhash/v2",
	"mapreduce/internal/worker": "mapreduce/internal/worker/... github.com/hashicorp/... golang.org/x/sys/unix google.golang.org/...",
	"cmd/mr":                    "filter storage/... mapreduce cmd/mr/internal/...",
	"internal/testkit":          "",
	"internal/testkit/browser":  "github.com/chromedp/...",
	"examples":                  "filter storage/... mapreduce examples/dashboard/...",
}

func TestImportsPointOneWay(t *testing.T) {
	root := os.DirFS("../..")
	files := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if _, noModule := fs.Stat(root, path.Join(name, "go.mod")); d != nil && d.IsDir() && name != "." && noModule == nil {
			return fs.SkipDir // another module, such as one that mr new has made
		}
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		files++
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		allowed, ok := rule(path.Dir(name))
		if !ok {
			t.Errorf("%s: no rule says what this folder may import", name)
		}
		for _, s := range file.Imports {
			p, _ := strconv.Unquote(s.Path.Value)
			if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			if p = strings.TrimPrefix(p, module); !contains(allowed, p) {
				t.Errorf("%s imports %s; it may import: %s", name, p, allowed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("there are no Go files")
	}
}

// rule is the one for the deepest folder that dir is in.
func rule(dir string) (allowed string, ok bool) {
	for ; dir != "."; dir = path.Dir(dir) {
		if allowed, ok = mayImport[dir]; ok {
			break
		}
	}
	return allowed, ok
}

// contains tells whether an element of the list is path, or is a folder and "/..." that path is in.
func contains(list, path string) bool {
	for element := range strings.FieldsSeq(list) {
		folder, below := strings.CutSuffix(element, "/...")
		if path == folder || below && strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
