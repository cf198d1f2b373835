package gen_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/cmd/mr/internal/gen"
	"github.com/telemetry-mr/mr/storage"
)

// store makes a store in a new directory.
func store(t *testing.T, o gen.Options) (dir string, stats gen.Stats) {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "store")
	stats, err := gen.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return o.Dir, stats
}

// contents returns a digest of each file below dir, by slash path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	digests := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		digests[path] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return digests
}

func TestSameOptionsSameBytes(t *testing.T) {
	for _, codec := range []string{"zstd", "gzip", "plain"} {
		t.Run(codec, func(t *testing.T) {
			o := gen.Options{Pings: 60, Files: 12, Seed: 7, Codec: codec}
			first, stats := store(t, o)
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			second, again := store(t, o)
			if stats != again {
				t.Errorf("stats %+v, then %+v", stats, again)
			}
			a, b := contents(t, first), contents(t, second)
			if len(a) != 12+1 { // and schema.json
				t.Errorf("%d files, want 13", len(a))
			}
			for path, digest := range a {
				if b[path] != digest {
					t.Errorf("%s differs between two runs", path)
				}
			}
			o.Seed++
			third, _ := store(t, o)
			for path, digest := range contents(t, third) {
				if path != "schema.json" && a[path] == digest {
					t.Errorf("%s is the same with another seed", path)
				}
			}
		})
	}
}

// TestStoreHoldsThePings compares a store, file by file, with the pings that NewPings gives for the same options.
func TestStoreHoldsThePings(t *testing.T) {
	o := gen.Options{Pings: 80, Files: 9, Seed: 3}
	dir, stats := store(t, o)
	schema := storage.DefaultSchema()
	want := make(map[string]*bytes.Buffer) // path without the unique part and the suffix → lines
	pings, err := gen.NewPings(o)
	if err != nil {
		t.Fatal(err)
	}
	raw := 0
	for p := range pings.All() {
		path := schema.Path(p.Dims)
		if want[path] == nil {
			want[path] = new(bytes.Buffer)
		}
		fmt.Fprintf(want[path], "%s\t%s\n", p.Key, p.Value)
		raw += len(p.Key) + len(p.Value) + 2
	}
	if int64(raw) != stats.Bytes || stats.Pings != o.Pings || stats.Files != o.Files {
		t.Errorf("stats %+v, want %d pings, %d files and %d bytes", stats, o.Pings, o.Files, raw)
	}
	var stored int64
	for path := range contents(t, dir) {
		if path == "schema.json" {
			continue
		}
		name := filepath.Join(dir, path)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		stored += info.Size()
		r, err := storage.OpenFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		_ = r.Close() // read to its end
		base := path[:strings.Index(path, ".log.")+len(".log")]
		if want[base] == nil || !bytes.Contains(want[base].Bytes(), got) {
			t.Errorf("%s does not hold the pings of its dimensions", path)
		}
	}
	if stored != stats.StoredBytes {
		t.Errorf("StoredBytes = %d, want %d", stats.StoredBytes, stored)
	}
}

func TestVariants(t *testing.T) {
	tests := []struct {
		options      gen.Options
		files, pings int
		largest      float64 // share of the raw bytes, at least
		average      [2]int64
	}{
		{gen.Options{Variant: gen.Std, Pings: 300}, 3, 300, 0.3, [2]int64{12500, 15000}},
		{gen.Options{Variant: gen.Std, Files: 2}, 2, 183, 0.5, [2]int64{12500, 15000}},
		{gen.Options{Variant: gen.Small, Files: 100}, 100, 100, 0, [2]int64{3800, 4800}},
		{gen.Options{Variant: gen.Skew, Pings: 300, Files: 12}, 12, 300, 0.75, [2]int64{12500, 15000}},
		{gen.Options{Pings: 3, Files: 10}, 3, 3, 0, [2]int64{5000, 30000}},
	}
	for _, test := range tests {
		test.options.Codec = "plain"
		dir, stats := store(t, test.options)
		if stats.Files != test.files || stats.Pings != test.pings {
			t.Errorf("%+v: %d files, %d pings, want %d, %d", test.options, stats.Files, stats.Pings, test.files, test.pings)
		}
		average := stats.Bytes / int64(stats.Pings)
		if average < test.average[0] || average > test.average[1] {
			t.Errorf("%+v: %d bytes a ping, want %d", test.options, average, test.average)
		}
		var largest int64
		for path := range contents(t, dir) {
			info, err := os.Stat(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			largest = max(largest, info.Size())
		}
		if share := float64(largest) / float64(stats.Bytes); share < test.largest {
			t.Errorf("%+v: the largest file holds %.2f, want at least %.2f", test.options, share, test.largest)
		}
	}
}

func TestErrorsLeaveNothing(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(full, "notes")
	tests := []struct {
		options gen.Options
		want    string
	}{
		{gen.Options{Dir: full}, "not empty"},
		{gen.Options{Dir: file}, "not a directory"},
		{gen.Options{}, "no directory"},
		{gen.Options{Dir: "x", Variant: "huge"}, `unknown variant "huge": std, small or skew`},
		{gen.Options{Dir: "x", Codec: "rar"}, `unknown codec "rar": zstd, gzip or plain`},
		{gen.Options{Dir: "x", Pings: -1}, "positive"},
	}
	for _, test := range tests {
		if _, err := gen.Run(t.Context(), test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Run(%+v) = %v, want %q", test.options, err, test.want)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	parent := t.TempDir()
	if _, err := gen.Run(ctx, gen.Options{Dir: filepath.Join(parent, "store")}); err == nil {
		t.Error("Run succeeded after its context's end")
	}
	if left := contents(t, parent); len(left) != 0 {
		t.Errorf("a cancelled run left %v", left)
	}
}

// TestUnfinishedStoreIsReplaced is a run after one that was killed.
func TestUnfinishedStoreIsReplaced(t *testing.T) {
	parent := t.TempDir()
	rest := filepath.Join(parent, ".store.gen.tmp", "idle_daily")
	if err := os.MkdirAll(rest, 0o777); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "store")
	if err := os.Mkdir(dir, 0o777); err != nil { // an empty directory is welcome
		t.Fatal(err)
	}
	if _, err := gen.Run(t.Context(), gen.Options{Dir: dir, Pings: 2, Codec: "plain"}); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(parent)
	if err != nil || len(names) != 1 || names[0].Name() != "store" {
		t.Errorf("beside the store: %v, %v", names, err)
	}
}
