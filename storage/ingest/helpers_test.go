package ingest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

const (
	repo = "mozilla-central/0123456789ab"
	url  = "https://hg.mozilla.org/mozilla-central/rev/0123456789ab"
	noon = 1388664000000 // 2014-01-02 12:00 UTC
)

// place is where a test has raw logs, definitions and a store.
type place struct{ dir, raw, store, revisions string }

func newPlace(t testing.TB, dir string) place {
	t.Helper()
	p := place{dir, filepath.Join(dir, "raw"), filepath.Join(dir, "store"), filepath.Join(dir, "revisions")}
	defs := filepath.Join(p.revisions, filepath.FromSlash(repo))
	if err := errors.Join(os.MkdirAll(p.raw, 0o777), os.MkdirAll(p.store, 0o777), os.MkdirAll(defs, 0o777)); err != nil {
		t.Fatal(err)
	}
	text := `{"COUNTS":{"kind":"linear","high":10,"n_buckets":4,"description":""}}`
	if err := os.WriteFile(filepath.Join(defs, "Histograms.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return p
}

// log writes a finished raw log.
func (p place) log(t testing.TB, name string, records ...rawlog.Record) {
	t.Helper()
	var data []byte
	for _, rec := range records {
		var err error
		if data, err = rawlog.AppendFrame(data, rawlog.V2, &rec); err != nil {
			t.Fatal(err)
		}
	}
	hidden := filepath.Join(p.raw, "."+name)
	if err := errors.Join(os.WriteFile(hidden, data, 0o666), os.Rename(hidden, filepath.Join(p.raw, name+".finished"))); err != nil {
		t.Fatal(err)
	}
}

// config is for what lies in a place. What it opens is closed with the test.
func (p place) config(t testing.TB) ingest.Config {
	t.Helper()
	tree, err := storage.Open(p.store)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := revision.Open(revision.Options{Dir: p.revisions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = tree.Close(), cache.Close() }) // only read
	return ingest.Config{Raw: p.raw, Store: tree, Revisions: cache}
}

// run ingests.
func run(t testing.TB, c ingest.Config) ingest.Counts {
	t.Helper()
	counts, err := ingest.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func submission(id, path, text string) rawlog.Record {
	return rawlog.Record{Time: noon, Path: []byte(id + path), Data: []byte(text)}
}

const firefox = "/saved-session/Firefox/28.0a1/nightly/20131112030204"

func classic(id string) rawlog.Record {
	return submission(id, firefox, `{"ver":1,"info":{"reason":"saved-session","appName":"Firefox","appUpdateChannel":"nightly","appVersion":"28.0a1",`+
		`"appBuildID":"20131112030204","revision":"`+url+`"},"histograms":{"COUNTS":{"values":{"0":5},"sum":0}}}`)
}

const stored = `{"ver":2,"info":{"reason":"saved-session","appName":"Firefox","appUpdateChannel":"nightly","appVersion":"28.0a1",` +
	`"appBuildID":"20131112030204","revision":"` + url + `"},"histograms":{"COUNTS":[5,0,0,0,0,-1,-1,-1,-1]}}`

// records returns the records of a store as DIMENSIONS KEY VALUE, sorted.
func (p place) records(t testing.TB) []string {
	t.Helper()
	tree, err := storage.Open(p.store)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	var all []string
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s %s %s", file.Dims, rec.Key, rec.Value))
		}
	}
	slices.Sort(all)
	return all
}

// refused returns the paths of the refused records, by category.
func refused(t testing.TB, dir string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.finished"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		category := filepath.Base(filepath.Dir(name))
		for rec, err := range rawlog.NewReader(f, rawlog.Options{}).Records() {
			if err != nil {
				t.Fatal(name, err)
			}
			all[category] = append(all[category], string(rec.Path))
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// contents returns what lies below dir: a digest of each file by its path. The list of consumed raw logs has no order, and the
// raw logs of refused records a random number: of these the records count. Statistics have times.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, data := range testkit.Files(t, dir) {
		switch base := path.Base(name); {
		case base == "stats" || base == "lock" || base == ".lock" || base == ".ingest.lock":
			continue
		case base == "consumed":
			lines := strings.Split(data, "\n")
			slices.Sort(lines)
			data = strings.Join(lines, "\n")
		case strings.HasSuffix(base, ".v3.finished"):
			data = "refused"
		}
		all[name] = fmt.Sprintf("%d %x", len(data), sha256.Sum256([]byte(data)))
	}
	return all
}
