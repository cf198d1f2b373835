package publish_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
)

// FuzzDelta reads any text as a delta: its lines are rows, or there is an error.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("nightly/27\tDEMO\t20131101\t20131102\t" + windows + "\t6\t1\t[0,3,0,0,1,0,66,null,null,1956,0]\n"))
	f.Add([]byte("b/1\t\t20131101\t20131102\t" + linux + "\t31\t9223372036854775807\t[]\na/1\t"))
	f.Add([]byte("x/1\tm\t20131301\t20131102\t" + linux + "\t32\t0\t\n"))
	name := filepath.Join(f.TempDir(), fmt.Sprintf("%d.tsv", os.Getpid()))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
		if rows, err := publish.ReadDelta(name); err == nil && (rows != bytes.Count(text, []byte("\n")) || len(text) > 0 && text[len(text)-1] != '\n') {
			t.Fatalf("%d rows in %q", rows, text)
		}
	})
}
