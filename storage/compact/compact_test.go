package compact_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/compact"
)

const (
	nightly = "main/Firefox/nightly/30.0a1/"
	beta    = "main/Firefox/beta/29.0/"
)

// put writes a file of a store, packed as its name says.
func put(t testing.TB, dir, name, content string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := storage.CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Publish(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *storage.Tree {
	t.Helper()
	tree, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree
}

// run compacts a store.
func run(t testing.TB, dir string, max int64) (compact.Counts, error) {
	t.Helper()
	tree := open(t, dir)
	return compact.Run(t.Context(), compact.Config{Store: tree, Files: tree.Files(nil), MaxBytes: max})
}

// decoded is the content of the only file in a directory with this beginning of its name.
func decoded(t testing.TB, dir, prefix string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(prefix)) + "*")
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	r, err := storage.OpenFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// fill writes what is odd in many ways.
func fill(t testing.TB, dir string) {
	t.Helper()
	put(t, dir, nightly+"20140301.20140302.v2.log.a.zst", "a\t1\nbad line\n\na\t2\r\n")
	put(t, dir, nightly+"20140301.20140302.v2.log.b.gz", "b\t{}\nb\tno end")
	put(t, dir, nightly+"20140301.20140302.v2.log.c", "")
	put(t, dir, nightly+"20140301.20140302.v2.log.d", "d\t\xff\x00\n")
	put(t, dir, nightly+"20140301.20140303.v2.log.a.zst", "other\tday\n")
	put(t, dir, beta+"20140301.20140302.v2.log.a.zst", "x\t1\n")
	put(t, dir, beta+"20140301.20140302.v2.log.b.zst", "x\t2\n")
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	if err := os.Chmod(filepath.Join(dir, filepath.FromSlash(beta+"20140301.20140302.v2.log.b.zst")), 0o600); err != nil {
		t.Fatal(err)
	}
	other := testkit.Files(t, dir)[nightly+"20140301.20140303.v2.log.a.zst"]
	counts, err := run(t, dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Files != 7 || counts.Old != 6 || counts.New != 2 || counts.Partitions != 2 || counts.Left != 0 {
		t.Errorf("%+v", counts)
	}
	const want = "a\t1\nbad line\n\na\t2\r\nb\t{}\nb\tno end\nd\t\xff\x00\n"
	if got := decoded(t, dir, nightly+"20140301.20140302."); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := decoded(t, dir, beta+"2014"); got != "x\t1\nx\t2\n" {
		t.Errorf("%q", got)
	}
	names, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(beta), "*"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(names[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	after := testkit.Files(t, dir)
	if len(after) != 3 || after[nightly+"20140301.20140303.v2.log.a.zst"] != other {
		t.Errorf("%q", slices.Sorted(maps.Keys(after)))
	}
	counts, err = run(t, dir, 0)
	if err != nil || counts.Old != 0 || !maps.Equal(testkit.Files(t, dir), after) {
		t.Errorf("again: %+v, %v", counts, err)
	}

	same := t.TempDir()
	fill(t, same)
	if _, err := run(t, same, 0); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(testkit.Files(t, same), after) {
		t.Error("the same store became another one")
	}
}

// TestMaxBytes has files of a hundred bytes.
func TestMaxBytes(t *testing.T) {
	for _, test := range []struct {
		max      int64
		old, new int64
	}{{1000, 10, 1}, {999, 9, 1}, {500, 10, 2}, {300, 9, 3}, {200, 10, 5}, {199, 0, 0}, {1, 0, 0}} {
		dir := t.TempDir()
		for i := range 10 {
			put(t, dir, fmt.Sprintf("%s1.1.log.%d", nightly, i), fmt.Sprintf("%d\t%s\n", i, strings.Repeat("x", 97)))
		}
		counts, err := run(t, dir, test.max)
		if err != nil || counts.Old != test.old || counts.New != test.new {
			t.Errorf("%d: %+v, %v", test.max, counts, err)
		}
	}
}

// TestDamaged leaves alone what it cannot read, and does the rest.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	name := filepath.Join(dir, filepath.FromSlash(nightly+"20140301.20140302.v2.log.b.gz"))
	if err := os.Truncate(name, 30); err != nil {
		t.Fatal(err)
	}
	before := testkit.Files(t, dir)
	counts, err := run(t, dir, 0)
	if damaged, ok := errors.AsType[*storage.DamagedError](err); !ok || !strings.HasSuffix(damaged.Path, ".b.gz") || counts.Left != 1 || counts.New != 1 {
		t.Errorf("%+v, %v", counts, err)
	}
	after := testkit.Files(t, dir)
	for name, data := range before {
		if strings.HasPrefix(name, nightly) && after[name] != data {
			t.Errorf("%s was changed", name)
		}
	}
	if len(after) != len(before)-1 {
		t.Errorf("%q", slices.Sorted(maps.Keys(after)))
	}
}

// TestRefused meets another program at work, one that was killed, and the end of its context.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	tree := open(t, dir)
	lock, err := tree.Lock()
	if err != nil {
		t.Fatal(err)
	}
	before := testkit.Files(t, dir)
	_, err = run(t, dir, 0)
	if _, ok := errors.AsType[*storage.InUseError](err); !ok {
		t.Errorf("locked: %v", err)
	}
	if !maps.Equal(testkit.Files(t, dir), before) {
		t.Error("locked, and changed")
	}
	lock.Release()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := compact.Run(ctx, compact.Config{Store: tree, Files: tree.Files(nil)}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	f := filter.Filter{"nothing": filter.OneOf("x")}
	if _, err := compact.Run(t.Context(), compact.Config{Store: tree, Files: tree.Files(f)}); err == nil {
		t.Error("files that cannot be listed: no error")
	}

	commits := filepath.Join(dir, storage.StateDir, "commit")
	if err := os.MkdirAll(commits, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(commits, "x.json"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, dir, 0); !errors.Is(err, compact.ErrPending) {
		t.Errorf("after an ingest: %v", err)
	}
}

// TestListing lists a store while it is compacted, from the other end so that they meet. Each list has all old files of a
// partition, or the one that has taken their place.
func TestListing(t *testing.T) {
	const dirs, files = 12, 100
	dir := t.TempDir()
	for d := range dirs {
		for i := range files {
			put(t, dir, fmt.Sprintf("main/Firefox/nightly/%02d/1.1.log.old%d", d, i), "k\tv\n")
		}
	}
	tree := open(t, dir)
	backwards := func(yield func(storage.File, error) bool) {
		for d := range dirs {
			f := filter.Filter{"appVersion": filter.OneOf(fmt.Sprintf("%02d", dirs-1-d))}
			for file, err := range tree.Files(f) {
				if !yield(file, err) {
					return
				}
			}
		}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		reader := open(t, dir)
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					checkList(t, reader, dirs, files)
				}
			}
		})
	}
	counts, err := compact.Run(t.Context(), compact.Config{Store: tree, Files: backwards})
	close(done)
	wg.Wait()
	if err != nil || counts.Old != dirs*files || counts.New != dirs {
		t.Errorf("%+v, %v", counts, err)
	}
	checkList(t, tree, dirs, 0)
}

func checkList(t *testing.T, tree *storage.Tree, dirs, files int) {
	old, merged := map[string]int{}, map[string]int{}
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Error(err)
			return
		}
		if strings.Contains(file.Path, ".old") {
			old[file.Dims.Get("appVersion")]++
		} else {
			merged[file.Dims.Get("appVersion")]++
		}
	}
	for d := range dirs {
		v := fmt.Sprintf("%02d", d)
		if before, after := old[v] == files && merged[v] == 0, old[v] == 0 && merged[v] == 1; !before && !after {
			t.Errorf("directory %s: %d old files and %d new ones", v, old[v], merged[v])
		}
	}
}
