package publish_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
)

// FuzzPart reads any text as a part of the state: groups and measures with cells, or an error.
func FuzzPart(f *testing.F) {
	const head = "\t{\"groups\":[{\"built\":\"20131101\",\"leaf\":\"a/b/c/d/e\",\"pings\":3}]}\n"
	f.Add([]byte(head + "A\t[[0,2,[1,2,3]],[0,1,[]]]\nB\t[[0,1,[0]]]\n"))
	f.Add([]byte(head + "A\t[[0,99999999999999999999,[1]]]\n"))
	f.Add([]byte(head + "A\t[[0,2,[-7,2,-1,-99999,1e-7,-32768]]]\n"))
	f.Add([]byte(head + "A\t[[0,2,[-01-20]]]\n"))
	f.Add([]byte(head + "A\t[[1,1,[1]]]\nA\t[\n"))
	f.Add([]byte("\t{}\n\n"))
	dir, name := f.TempDir(), fmt.Sprintf("%d.tsv", os.Getpid())
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
		cells, err := publish.ReadPart(dir, name)
		if lines := bytes.Count(text, []byte("\n")); err == nil && (cells < lines-1 || cells > len(text) || text[len(text)-1] != '\n') {
			t.Fatalf("%d cells in %q", cells, text)
		}
	})
}
