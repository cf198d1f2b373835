package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// byPath says why files below storage use paths of the whole system. All others go through an os.Root, which nothing in a store, a
// raw log or a request leads out of.
var byPath = map[string]string{
	"storage/lock.go OpenFile":               "a lock of the caller's; it is no link",
	"storage/lock.go Remove":                 "the same",
	"storage/lock.go Stat":                   "the same",
	"storage/tree.go MkdirAll":               "the root itself",
	"storage/file.go Open":                   "OpenFile and OpenRecords: a file that the caller names",
	"storage/file.go ReadDir":                "RemoveTemporary: beside a file that the caller names",
	"storage/file.go Remove":                 "the same, of names that this package makes",
	"storage/stats/follow.go Stat":           "a file that the operator names",
	"storage/stats/follow.go Open":           "the same",
	"storage/rawlog/directory.go ReadDir":    "lists a directory that the caller names, and opens nothing",
	"storage/receive/requestlog.go OpenFile": "a file that the operator names",
	"storage/ingest/stats.go OpenFile":       "a file that the operator names",
	"storage/ingest/stats.go Open":           "the same",
	"storage/ingest/ingest.go MkdirAll":      "the directory for refused records, which the operator names",
	"storage/ingest/ingest.go RemoveAll":     "a directory of this package's name in it",
	"storage/ingest/rejects.go RemoveAll":    "the same",
	"storage/ingest/rejects.go MkdirAll":     "the same",
}

var touchesFiles = regexp.MustCompile(`^(Open|OpenFile|Create.*|ReadFile|WriteFile|ReadDir|ReadLink|Remove.*|Rename|Mkdir.*|Stat|Lstat|Symlink|Link|Ch.*|Truncate|DirFS|CopyFS)$`)

// TestAccess looks through the source for functions of package os that take a path.
func TestAccess(t *testing.T) {
	root := os.DirFS("../..")
	seen := map[string]bool{}
	err := fs.WalkDir(root, "storage", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := call.X.(*ast.Ident); ok && pkg.Name == "os" && touchesFiles.MatchString(call.Sel.Name) {
				seen[name+" "+call.Sel.Name] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for use := range seen {
		if byPath[use] == "" {
			t.Errorf("%s: use an os.Root, or say here why not", use)
		}
	}
	for use := range byPath {
		if !seen[use] {
			t.Errorf("%s: there is no such use any more", use)
		}
	}
}

// TestVersions holds go.mod to what SECURITY.md says of versions with known holes.
func TestVersions(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line, least := range map[string][]int{
		`go (\d+)\.(\d+)\.(\d+)`:                                 {1, 26, 5}, // a way out of os.Root before
		`\tgoogle\.golang\.org/grpc v(\d+)\.(\d+)\.(\d+)`:        {1, 79, 3}, // newer than what go-plugin asks for
		`\tgithub\.com/ulikunitz/xz v(\d+)\.(\d+)\.(\d+)`:        {0, 5, 15}, // memory that a header asks for
		`\tgithub\.com/hashicorp/go-plugin v(\d+)\.(\d+)\.(\d+)`: {1, 8, 0},
	} {
		m := regexp.MustCompile(`(?m)^` + line).FindStringSubmatch(string(mod))
		if m == nil {
			t.Errorf("go.mod has no line %s", line)
			continue
		}
		var got []int
		for _, digits := range m[1:] {
			n, _ := strconv.Atoi(digits) // digits
			got = append(got, n)
		}
		if slices.Compare(got, least) < 0 {
			t.Errorf("go.mod has %s, want %v or newer", m[0], least)
		}
	}
}
