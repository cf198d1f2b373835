package main_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
)

// TestRealSums: the histograms of real pings are in the site as the pings have them.
func TestRealSums(t *testing.T) {
	store, state, site := testkit.Fixture(t, "real/telemetry"), t.TempDir(), t.TempDir()
	updateDays(t, store, state, "20120101..20191231")
	dashboard(t, "publish", "--state", state, "--site", site, "--definitions", testkit.Fixture(t, "real/histograms/a55c55edf302.Histograms.json"))
	c := openSite(t, site)
	c.check()
	c.checkSums()

	want := map[string]*total{}
	tree, err := storage.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for file, err := range tree.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range file.Records() {
			var p struct {
				Info       map[string]any
				Histograms map[string]any
			}
			if err != nil || json.Unmarshal(rec.Value, &p) != nil || p.Info == nil {
				continue
			}
			major, _, _ := strings.Cut(rec.Dims.Get("appVersion"), ".")
			release := rec.Dims.Get("appUpdateChannel") + "/" + major
			built, submitted := rec.Dims.Get("appBuildID")[:8], rec.Dims.Get("submission_date")
			leaf := strings.Join([]string{rec.Dims.Get("reason"), rec.Dims.Get("appName"), p.Info["OS"].(string), p.Info["version"].(string), p.Info["arch"].(string)}, "/")
			for name, h := range p.Histograms {
				text, _ := json.Marshal(h) // it came from JSON
				var array []float64
				if d, ok := c.measures(release)[name]; !ok || json.Unmarshal(text, &array) != nil || len(array) != len(d.bounds())+5 {
					continue
				}
				keys := []string{"build " + built}
				if date(submitted).Sub(date(built)).Hours() <= 60*24 {
					keys = append(keys, "submission "+submitted)
				}
				for _, key := range keys {
					want[release+" "+name+" "+key+" "+leaf] = &total{array, 1}
				}
			}
		}
	}
	got := published(c)
	maps.DeleteFunc(got, func(key string, _ *total) bool { return strings.Contains(key, " SIMPLE_MEASURES_") })
	if len(want) < 100 || !maps.EqualFunc(got, want, func(g, w *total) bool { return g.pings == w.pings && slices.Equal(g.sums, w.sums) }) {
		t.Errorf("the site has %d sums, want %d, or others", len(got), len(want))
	}
}
