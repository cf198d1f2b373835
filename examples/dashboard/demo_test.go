package main // a test of another package could not call the verbs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
)

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	dir := t.TempDir()
	if err := demo(t.Context(), []string{"--dir", dir, "--no-serve"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "site", "site.json"))
	if err != nil {
		t.Fatal(err)
	}
	var site publish.Site
	if err := json.Unmarshal(data, &site); err != nil {
		t.Fatal(err)
	}
	if site.FirstDay != demoFirst || site.LastDay != demoLast || len(site.MissingDays) > 0 || len(site.Releases) != 2 ||
		len(site.Skipped)+len(site.Refused)+len(site.Dropped) > 0 || site.Bad > 0 || site.Pings != site.Records {
		t.Errorf("the account of the site is %s", data)
	}
	for _, r := range site.Releases {
		if r.Measures != 6 || len(r.Systems) != 4 {
			t.Errorf("%s has %d measures and the systems %v, want 6 and 4", r.Name, r.Measures, r.Systems)
		}
	}
	if err := demo(t.Context(), []string{"--dir", dir, "--no-serve"}); err == nil {
		t.Error("a directory that is not new was taken")
	}
	useControls(t, filepath.Join(dir, "site"))
}
