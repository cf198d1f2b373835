package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// fill makes a store with versions x builds x dates files in it, empty ones.
func fill(tb testing.TB, versions, builds, dates int) string {
	tb.Helper()
	dir := tb.TempDir()
	s := storage.DefaultSchema()
	for _, channel := range []string{"release", "nightly"} {
		for v := range versions {
			for b := range builds {
				for d := range dates {
					path := filepath.Join(dir, s.Path([]string{
						"main", "Firefox", channel, fmt.Sprintf("%d.0a1", v),
						fmt.Sprint(20130101030200 + b), fmt.Sprint(20130101 + d),
					})+".0123456789abcdef.zst")
					if b == 0 && d == 0 {
						if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
							tb.Fatal(err)
						}
					}
					if err := os.WriteFile(path, nil, 0o666); err != nil {
						tb.Fatal(err)
					}
				}
			}
		}
	}
	return dir
}

// BenchmarkFiles walks a tree of 20,000 files: all of them selected, one in fifty by a dimension in the name, and one
// directory of 200.
func BenchmarkFiles(b *testing.B) {
	tree, err := storage.Open(fill(b, 100, 10, 10))
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	for _, bb := range []struct {
		name string
		f    filter.Filter
		want int
	}{
		{"select=all", nil, 20000},
		{"select=name", filter.Filter{
			"appBuildID":      filter.OneOf("20130101030200", "20130101030201"),
			"submission_date": filter.OneOf("20130101"),
		}, 400},
		{"select=dir", filter.Filter{
			"appUpdateChannel": filter.OneOf("nightly"),
			"appVersion":       filter.OneOf("7.0a1", "8.0a1"),
		}, 200},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range tree.Files(bb.f) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != bb.want {
					b.Fatalf("%d files, want %d", n, bb.want)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/file")
		})
	}
}
