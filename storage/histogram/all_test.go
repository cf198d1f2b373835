package histogram_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func TestAll(t *testing.T) {
	rec := storage.NewRecord(nil, []byte(`{"histograms": {"A": [1, 2], "B": {"raw": 1}, "C": [3], "D": [4]}}`), storage.Dims{})
	var got []string
	for name, a := range histogram.All(rec.Get("histograms")) {
		got = append(got, name+a.String())
		if name == "C" {
			break
		}
	}
	if want := []string{"A[1,2]", "C[3]"}; !slices.Equal(got, want) {
		t.Errorf("All = %q, want %q", got, want)
	}
	for range histogram.All(rec.Get("none")) {
		t.Error("All of a missing field yields something")
	}
}

// TestAllMalformed: what Parse refuses is passed over, and marks its record if it
// is no JSON, wherever that shows.
func TestAllMalformed(t *testing.T) {
	for _, tt := range []struct {
		object    string
		want      string
		malformed bool
	}{
		{`{"A":[1],"B":[1,"a"],"C":{"x":[]},"D":[],"E":null,"F":[2]}`, "A[1] D[] F[2]", false},
		{`{}`, "", false},
		{`{"A":[1],"B":[01],"C":[2]}`, "A[1] C[2]", true},
		{`{"A":[1],"B":[1,2}`, "A[1]", true},
		{`{"A":[1],"B":[1,2`, "A[1]", true},
		{`{"A":[1]"B":[2]}`, "A[1]", true},
		{`{"A":[1]],"B":[2]}`, "A[1]", true},
		{`{"A":[1],"B":}`, "A[1]", true},
		{`{"A":[1],}`, "A[1]", true},
	} {
		rec := storage.NewRecord(nil, []byte(`{"histograms":`+tt.object+`}`), storage.Dims{})
		var got []string
		for name, a := range histogram.All(rec.Get("histograms")) {
			got = append(got, name+a.String())
		}
		if s := strings.Join(got, " "); s != tt.want || (rec.Err() != nil) != tt.malformed {
			t.Errorf("All of %s = %s with record error %v, want %s, malformed %v", tt.object, s, rec.Err(), tt.want, tt.malformed)
		}
	}
}

// TestAllOfReader: the arrays of a record stay as they are until the next one,
// and in the long run cost no allocation.
func TestAllOfReader(t *testing.T) {
	var content []byte
	const records, arrays = 200, 100
	for i := range records {
		content = fmt.Appendf(content, "%d\t{\"h\":{", i)
		for j := range arrays {
			if j > 0 {
				content = append(content, ',')
			}
			content = fmt.Appendf(content, `"H%d":[%d,0,0,%d,%d.25,-1,-1]`, j, i, j, 300*i)
		}
		content = append(content, "}}\n"...)
	}
	dir := t.TempDir()
	tree, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	const path = "main/Firefox/nightly/30.0/20140301.20140302.v2.log"
	name := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := tree.File(path, int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all []histogram.Array
	i := 0
	for rec, err := range file.Records() {
		if err != nil {
			t.Fatal(err)
		}
		all = all[:0]
		for _, a := range histogram.All(rec.Get("h")) {
			all = append(all, a)
		}
		for j, a := range all {
			if got, want := a.String(), fmt.Sprintf("[%d,0,0,%d,%d.25,-1,-1]", i, j, 300*i); got != want {
				t.Fatalf("array %d of record %d is %s, want %s", j, i, got, want)
			}
		}
		i++
	}
	if i != records {
		t.Fatalf("%d records, want %d", i, records)
	}
	if n := testing.AllocsPerRun(5, func() {
		for rec := range file.Records() {
			for range histogram.All(rec.Get("h")) {
			}
		}
	}); n > records {
		t.Errorf("%v allocations for %d arrays", n, records*arrays)
	}
}
