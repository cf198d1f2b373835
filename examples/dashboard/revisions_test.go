package main_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
)

// TestRevisions: definitions are those of the newest builds of a release of which there is a revision, and those of a file for
// what these lack.
func TestRevisions(t *testing.T) {
	build := func(day, revision string, histograms map[string][]float64) ping {
		p := one(day, "20131105", "WINNT", "6.1", "x86")
		p.info["revision"], p.histograms = revision, histograms
		return p
	}
	const central = "https://hg.mozilla.org/mozilla-central/rev/"
	yes := []float64{0, 1, 0, 1, -1, -1, 1, 0}
	six, eight := bucketed(linearBounds(5, 50, 6), false, 7), bucketed(linearBounds(5, 50, 8), false, 7)
	store, state, revisions := writeStore(t, []ping{
		build("20131101", central+"aaaaaaaaaaaa", map[string][]float64{"DEMO_BOOL": yes, "GONE": yes, "DEMO_LINEAR": six, "DEMO_FLAG": yes}),
		build("20131102", central+"bbbbbbbbbbbb", map[string][]float64{"DEMO_BOOL": yes, "DEMO_LINEAR": eight}),
		build("20131103", central+"cccccccccccc", map[string][]float64{"DEMO_BOOL": yes}), // not there at first
		build("20131104", "https://hg.mozilla.org/../../rev/dddddddddddd", nil),
		build("20131104", "javascript:alert(1)", nil),
	}), t.TempDir(), t.TempDir()
	define := func(node, text string) {
		dir := filepath.Join(revisions, "mozilla-central", node)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "Histograms.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	define("aaaaaaaaaaaa", `{"DEMO_BOOL": {"kind": "boolean", "description": "a"}, "GONE": {"kind": "boolean", "description": "a"},
		"DEMO_LINEAR": {"kind": "linear", "low": 5, "high": 50, "n_buckets": 6, "description": "a"}}`)
	define("bbbbbbbbbbbb", `{"DEMO_BOOL": {"kind": "boolean", "description": "b"},
		"DEMO_LINEAR": {"kind": "linear", "low": 5, "high": 50, "n_buckets": 8, "description": "b"}}`)
	updateDays(t, store, state, "20131105")

	site := t.TempDir()
	publishAll := func(flags ...string) (descriptions map[string]string, account publish.Site) {
		t.Helper()
		dashboard(t, append([]string{"publish", "--state", state, "--site", site}, flags...)...)
		c := openSite(t, site)
		c.check()
		c.read("site.json", &account)
		var defs map[string]struct{ Description string }
		c.read(filepath.Join(c.versions["nightly/27"], "histograms.json"), &defs)
		descriptions = map[string]string{}
		for name, d := range defs {
			descriptions[name] = d.Description
		}
		return descriptions, account
	}
	got, account := publishAll("--revisions", revisions)
	if want := (map[string]string{"DEMO_BOOL": "b", "GONE": "a", "DEMO_LINEAR": "b"}); !maps.Equal(got, want) {
		t.Errorf("definitions by revision: %v, want %v", got, want)
	}
	dropped := map[string]int64{}
	for _, d := range account.Dropped {
		dropped[d.Reason] = d.Pings
	}
	if want := (map[string]int64{"no definition": 1, "other number of buckets than defined": 1}); !maps.Equal(dropped, want) {
		t.Errorf("dropped %v, want %v", dropped, want)
	}

	got, _ = publishAll("--revisions", revisions, "--definitions", definitionsFile(t))
	if want := (map[string]string{"DEMO_BOOL": "b", "GONE": "a", "DEMO_LINEAR": "b", "DEMO_FLAG": "flag"}); !maps.Equal(got, want) {
		t.Errorf("with a file for the rest: %v, want %v", got, want)
	}

	define("cccccccccccc", `{"DEMO_BOOL": {"kind": "boolean", "description": "c"}}`)
	got, _ = publishAll("--revisions", revisions)
	if want := (map[string]string{"DEMO_BOOL": "c", "GONE": "a", "DEMO_LINEAR": "b"}); !maps.Equal(got, want) {
		t.Errorf("with one revision more: %v, want %v", got, want)
	}

	define("cccccccccccc", "{")
	if out, err := command(t, "publish", "--state", state, "--site", t.TempDir(), "--revisions", revisions).CombinedOutput(); err == nil {
		t.Errorf("a broken file was taken: %s", out)
	}
}
