package storage_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// testPath is a path that the schema of testTree has.
const testPath = "main/Firefox/nightly/30.0/20140301.20140302.v2.log"

// testTree returns a store, and one file in it with this extension and content.
func testTree(tb testing.TB, ext string, content []byte) (*storage.Tree, storage.File) {
	tb.Helper()
	dir := tb.TempDir()
	tree, err := storage.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { tree.Close() })
	name := filepath.Join(dir, filepath.FromSlash(testPath+ext))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		tb.Fatal(err)
	}
	file, err := tree.File(testPath+ext, int64(len(content)))
	if err != nil {
		tb.Fatal(err)
	}
	return tree, file
}

// pack returns content as CreateFile stores it under a name with this extension.
func pack(tb testing.TB, ext string, content []byte) []byte {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "f"+ext)
	w, err := storage.CreateFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Publish(); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// pings returns about size bytes of made-up records.
func pings(size int) []byte {
	var b strings.Builder
	for seed := uint64(1); b.Len() < size; seed++ {
		fmt.Fprintf(&b, "%08x-1111-4222-8333-%012x\t", seed*2654435761, seed)
		ping(&b, rand.New(rand.NewPCG(seed, 7)))
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// ping writes one made-up ping of about 14 KB: info first, then 123 histograms, then the rest.
func ping(b *strings.Builder, rnd *rand.Rand) {
	oses := []string{"WINNT", "Darwin", "Linux", "Android"}
	b.WriteString(`{"info":{"appName":"Firefox","appVersion":"30.0a1","OS":"` + oses[rnd.IntN(4)] + `"`)
	for i := range 37 {
		fmt.Fprintf(b, `,"field%d":"value %d of it"`, i, rnd.IntN(1<<16))
	}
	b.WriteString(`},"histograms":{`)
	for i := range 123 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `"HISTOGRAM_%X_OF_%d":[`, i*i*7919, i)
		left := rnd.IntN(4)
		for range 10 + rnd.IntN(55) {
			n := 0
			if rnd.IntN(12) == 0 {
				n = rnd.IntN(1 << (4 * left))
			}
			b.WriteString(strconv.Itoa(n) + ",")
		}
		fmt.Fprintf(b, "%d,%.6g,%.6g,-1,-1]", rnd.IntN(1<<24), rnd.Float64()*100, rnd.Float64()*1000)
	}
	b.WriteString(`},"ver":2,"simpleMeasurements":{"uptime":17,"main":42},"addons":[]}`)
}
