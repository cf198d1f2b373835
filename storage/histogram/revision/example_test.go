package revision_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

// A job opens a Cache without a server before it begins. Its workers, of which there are many, read a directory that
// "mr revisions fetch" has filled, and none of them waits for a network.
//
// This one counts the samples of a histogram by the lower bounds of their buckets, which are others in each revision.
func Example() {
	dir := makeStore()
	defer os.RemoveAll(dir)

	cache, err := revision.Open(revision.Options{Dir: filepath.Join(dir, "revisions")})
	if err != nil {
		log.Fatal(err)
	}
	defer cache.Close()

	job := mapreduce.Job[int64, int64]{
		Map: func(rec storage.Record, out *mapreduce.Emitter[int64, int64]) error {
			url, _ := rec.Get("info", "revision").Str()
			defs, err := cache.Definitions(context.Background(), url)
			if err != nil {
				out.Skip("no definitions")
				return nil
			}
			gc, err := defs.Lookup("GC_MS")
			a, ok := histogram.Parse(rec.Get("histograms", "GC_MS"))
			if err != nil || !ok {
				out.Skip("no GC_MS")
				return nil
			}
			samples, err := gc.Distribution(a)
			if err != nil {
				return err // the record is bad
			}
			for low, n := range samples.Buckets() {
				if n > 0 {
					out.Emit(low, n)
				}
			}
			return nil
		},
		Combine: mapreduce.Sum[int64],
	}
	// Local runs a job in this process. A job program ends with mapreduce.Serve(job) instead, and mr starts it.
	stats, err := mapreduce.Run(context.Background(), mapreduce.Local(job), mapreduce.Config{Data: filepath.Join(dir, "store")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("skipped:", stats.SkippedBy)
	// Output:
	// 1	7
	// 5	2
	// 10	4
	// skipped: map[no definitions:1]
}

// makeStore makes a store of three pings in a directory, and beside it the definitions of two revisions.
func makeStore() (dir string) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	for node, low := range map[string]string{"1a": "1", "2b": "10"} {
		of := filepath.Join(dir, "revisions", "mozilla-central", node)
		if err := os.MkdirAll(of, 0o777); err != nil {
			log.Fatal(err)
		}
		text := `{"GC_MS": {"kind": "exponential", "low": ` + low + `, "high": 100, "n_buckets": 5}}`
		if err := os.WriteFile(filepath.Join(of, "Histograms.json"), []byte(text), 0o666); err != nil {
			log.Fatal(err)
		}
	}
	store := filepath.Join(dir, "store")
	if err := os.Mkdir(store, 0o777); err != nil {
		log.Fatal(err)
	}
	tree, err := storage.Init(store, storage.DefaultSchema())
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()
	w := storage.NewWriter(tree, storage.WriterOptions{})
	defer w.Close()
	for id, text := range map[string]string{
		"a": `{"info": {"revision": "https://hg.mozilla.org/mozilla-central/rev/1a"}, "histograms": {"GC_MS": [0,7,2,0,0,21,5.5,7.25,-1,-1]}}`,
		"b": `{"info": {"revision": "https://hg.mozilla.org/mozilla-central/rev/2b"}, "histograms": {"GC_MS": [0,4,0,0,0,48,9.5,23.5,-1,-1]}}`,
		"c": `{"info": {"revision": "https://hg.mozilla.org/mozilla-central/rev/3c"}, "histograms": {"GC_MS": [0,9,0,0,0,9,0,0,-1,-1]}}`,
	} {
		dims := []string{"main", "Firefox", "nightly", "30.0", "20140301030203", "20140308"}
		if err := w.Append(dims, []byte(id), []byte(text)); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}
	return dir
}
