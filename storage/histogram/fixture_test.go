package histogram_test

import (
	"bufio"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

// TestRealSums adds the histograms of the real records with "ver" 2 and compares
// their sums, to the byte, with what was computed by other means.
func TestRealSums(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Fixture(t, "real/telemetry/saved_session/Firefox/nightly/22.0a1"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	expected := testkit.ReadFixture(t, "real/expected/A05_v2_histogram_sums.tsv")
	sums := map[string]*histogram.Array{}
	for _, name := range files {
		addFile(t, sums, name)
	}
	lines := strings.Split(strings.TrimSuffix(string(expected), "\n"), "\n")
	if len(lines) != len(sums) {
		t.Errorf("%d sums, want %d", len(sums), len(lines))
	}
	for _, line := range lines {
		key, want, _ := strings.Cut(line, "\t")
		sum := sums[key[strings.LastIndexByte(key, '/')+1:]]
		if sum == nil {
			t.Errorf("no sum of %s", key)
			continue
		}
		n, _ := json.Marshal(sum.N())
		got := strings.TrimSuffix("["+string(n)+","+sum.String()[1:], ",]")
		if got != want {
			t.Errorf("%s = %s\nwant %s", key, got, want)
		}
	}
}

func addFile(t *testing.T, sums map[string]*histogram.Array, name string) {
	t.Helper()
	r, err := storage.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // read only
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "\t")
		rec := storage.NewRecord([]byte(key), []byte(value), storage.Dims{})
		if ver, ok := rec.Get("ver").Int(); !ok || ver != 2 {
			continue
		}
		for name, a := range histogram.All(rec.Get("histograms")) {
			if sums[name] == nil {
				sums[name] = new(histogram.Array)
			}
			histogram.Add(sums[name], a)
		}
		if err := rec.Err(); err != nil {
			t.Error(err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
