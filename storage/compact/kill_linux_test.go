package compact_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/compact"
)

var kills = flag.Int("kills", 6, "how many times TestKill kills a compacting process")

// TestMain makes the test binary, called with "compact DIR" alone, a process that compacts that store, to be killed.
func TestMain(m *testing.M) { testkit.MainOr(m, "compact", compactIn) }

func compactIn(dir string) error {
	tree, err := storage.Open(dir)
	if err != nil {
		return err
	}
	_, err = compact.Run(context.Background(), compact.Config{Store: tree, Files: tree.Files(nil)})
	return err
}

const (
	killDirs  = 5
	killFiles = 60
)

func killStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := range killDirs {
		for i := range killFiles {
			put(t, dir, fmt.Sprintf("main/Firefox/nightly/%d/%d.1.log.%02d.zst", d, i%2, i), fmt.Sprintf("%d-%d\t1\n", d, i))
		}
	}
	return dir
}

// TestKill kills a compacting process again and again, until one gets to the end. After each kill, a reader finds each record
// once; at the end the store is the same as if nobody had been killed.
func TestKill(t *testing.T) {
	undisturbed := killStore(t)
	start := time.Now()
	if out, err := testkit.Process("compact", undisturbed).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(start)
	want := digest(t, undisturbed)
	rng := rand.New(rand.NewPCG(3, 4))
	if testing.Short() {
		*kills = min(*kills, 3)
	}
	killed, half := 0, 0
	for killed < *kills {
		dir := killStore(t)
		for {
			after := time.Duration(rng.Int64N(int64(whole)))
			if killed >= *kills {
				after = time.Hour
			}
			if !testkit.KillAfter(t, testkit.Process("compact", dir), after) {
				break
			}
			killed++
			if _, err := os.Stat(dir + "/.ingest/change.json"); err == nil {
				half++
			}
			eachOnce(t, dir)
		}
		eachOnce(t, dir)
		if digest(t, dir) != want {
			t.Error("the store is not the one that comes of an undisturbed run")
		}
	}
	t.Logf("%d kills, %d of them while files were replaced", killed, half)
}

func eachOnce(t *testing.T, dir string) {
	t.Helper()
	seen := map[string]int{}
	for file, err := range open(t, dir).Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(rec.Key), file.Dims.Get("appVersion")+"-") {
				t.Errorf("%s is in %s", rec.Key, file.Path)
			}
			seen[string(rec.Key)]++
		}
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s comes %d times", key, n)
		}
	}
	if len(seen) != killDirs*killFiles {
		t.Errorf("%d records, want %d", len(seen), killDirs*killFiles)
	}
}

// digest is short for a store's files with their bytes.
func digest(t testing.TB, dir string) [32]byte {
	t.Helper()
	h := sha256.New()
	all := testkit.Files(t, dir)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(h, "%q %q\n", name, all[name])
	}
	return [32]byte(h.Sum(nil))
}
