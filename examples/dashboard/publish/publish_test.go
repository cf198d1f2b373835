package publish_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

const definitions = `{
	"DEMO_LINEAR": {"kind": "linear", "low": 5, "high": "5 * 10", "n_buckets": 6, "description": "a <b>demo</b>"},
	"DEMO_EXP": {"kind": "exponential", "high": 100, "n_buckets": 5, "description": "logs"},
	"DEMO_BOOL": {"kind": "boolean", "description": "yes or no"},
	"DEMO_ENUM": {"kind": "enumerated", "n_values": 3, "description": "three"},
	"DEMO_COUNT": {"kind": "count", "description": "not of 2013"}
}`

const (
	windows = "saved_session/Firefox/WINNT/6.1/x86"
	linux   = "saved_session/Firefox/Linux/3.11/x86-64"
)

// day is the delta of a day: release, measure, built, leaf, missing, pings, sums.
var days = map[string][]string{
	"20131103": {
		"nightly/27||20131101|" + linux + "|0|2|[]",
		"nightly/27||20131102|" + windows + "|0|1|[]",
		"nightly/27|DEMO_LINEAR|20131101|" + linux + "|6|2|[1,2,1,1,0,0,67,null,null,1407,0]",
		"nightly/27|DEMO_LINEAR|20131102|" + windows + "|6|1|[0,3,0,0,1,0,66,null,null,1956,0]",
		"nightly/27|SIMPLE_MEASURES_FIRSTPAINT|20131101|" + linux + "|24|1|[0" + strings.Repeat(",0", 48) + ",1,40000,10.5,110.25,null,null]",
	},
	"20131104": {
		"beta/26||20131001|" + windows + "|0|8|[]",
		"beta/26|DEMO_BOOL|20131001|" + windows + "|6|8|[3,5,0,5,null,null,5,0]",
		"beta/26|DEMO_EXP|20131001|" + windows + "|24|1|[0,2,1,1,0,46,8.539932678385727,21.3394092146693,null,null]",
		"nightly/27||20131101|" + windows + "|0|1|[]",
		"nightly/27||20130801|" + windows + "|0|1|[]",
		"nightly/27|DEMO_COUNT|20131101|" + windows + "|6|1|[3,3,null,null,9,0]",
		"nightly/27|DEMO_ENUM|20130801|" + windows + "|6|1|[0,0,1,0,2,null,null,4,0]",
		"nightly/27|DEMO_LINEAR|20131101|" + windows + "|0|1|[0,0,0,0,0,1,60,7,7,3600,0]",
		"nightly/27|DEMO_LINEAR|20131101|" + windows + "|6|1|[0,0,0,1,60,null,null,3600,0]",
		"nightly/27|NOBODY_KNOWS|20131101|" + windows + "|6|1|[1,0,1,null,null,1,0]",
	},
}

func writeDay(t *testing.T, state, day string, rows []string) {
	t.Helper()
	f, err := storage.CreateFile(publish.DeltaName(state, day))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, row := range rows {
		cells := strings.Split(row, "|")
		cells = slices.Insert(cells, 3, day)
		_, _ = f.Write([]byte(strings.Join(cells, "\t") + "\n"))
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := publish.WriteManifest(state, day, mapreduce.Stats{
		Lines: 5, SkippedBy: map[string]int64{"no info": 1}, Counts: map[string]int64{"simple measure below zero": 2},
	}); err != nil {
		t.Fatal(err)
	}
}

func publishTo(t *testing.T, state, site string) *publish.Site {
	t.Helper()
	defs := filepath.Join(t.TempDir(), "Histograms.json")
	if err := os.WriteFile(defs, []byte(definitions), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := publish.Publish(t.Context(), publish.Options{State: state, Site: site, Definitions: publish.Files(defs)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content is all files below a directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var b []byte
			b, err = os.ReadFile(name)
			rel, _ := filepath.Rel(dir, name)
			all[filepath.ToSlash(rel)] = string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestPublish(t *testing.T) {
	state, site := t.TempDir(), t.TempDir()
	for day, rows := range days {
		writeDay(t, state, day, rows)
	}
	account := publishTo(t, state, site)
	files := content(t, site)
	versions := decode[map[string]string](t, files["versions.json"])
	if len(versions) != 2 {
		t.Fatalf("versions.json is %s", files["versions.json"])
	}
	nightly, beta := versions["nightly/27"]+"/", versions["beta/26"]+"/"

	const tree = `{"_id":0,"name":"reason","saved_session":{"_id":1,"name":"appName","Firefox":{"_id":2,"name":"OS",` +
		`"Linux":{"_id":3,"name":"osVersion","3.11":{"_id":4,"name":"arch","x86-64":{"_id":5}}},` +
		`"WINNT":{"_id":6,"name":"osVersion","6.1":{"_id":7,"name":"arch","x86":{"_id":8}}}}}}` + "\n"
	for name, want := range map[string]string{
		nightly + "filter-tree.json": tree,
		nightly + "DEMO_LINEAR-by-build-date.json": `{"20131101":[[1,2,1,1,0,0,67,-1,-1,1407,0,2,5],` + "\n" +
			`[0,0,0,0,0,1,60,7,7,3600,0,1,8]],` + "\n" + `"20131102":[[0,3,0,0,1,0,66,-1,-1,1956,0,1,8]]}` + "\n",
		nightly + "DEMO_LINEAR-by-submission-date.json": `{"20131103":[[1,2,1,1,0,0,67,-1,-1,1407,0,2,5],` + "\n" +
			`[0,3,0,0,1,0,66,-1,-1,1956,0,1,8]],` + "\n" + `"20131104":[[0,0,0,0,0,1,60,7,7,3600,0,1,8]]}` + "\n",
		// Submitted 95 days after the build.
		nightly + "DEMO_ENUM-by-build-date.json":      `{"20130801":[[0,0,1,0,2,-1,-1,4,0,1,8]]}` + "\n",
		nightly + "DEMO_ENUM-by-submission-date.json": "{}\n",
		beta + "DEMO_EXP-by-build-date.json":          `{"20131001":[[0,2,1,1,0,46,8.539932678385727,21.3394092146693,-1,-1,1,5]]}` + "\n",
		beta + "histograms.json": `{"DEMO_BOOL":{"kind":"boolean","description":"yes or no"},` +
			`"DEMO_EXP":{"kind":"exponential","description":"logs","low":1,"high":100,"n_buckets":5}}` + "\n",
		nightly + "pings.json": `{"build":{"20130801":{"8":1},"20131101":{"5":2,"8":1},"20131102":{"8":1}},` +
			`"submission":{"20131103":{"5":2,"8":1},"20131104":{"8":1}}}` + "\n",
		nightly + "leaves.json": `{"columns":["id","reason","appName","OS","osVersion","arch"],` +
			`"leaves":[[5,"saved_session","Firefox","Linux","3.11","x86-64"],[8,"saved_session","Firefox","WINNT","6.1","x86"]]}` + "\n",
	} {
		if files[name] != want {
			t.Errorf("%s is\n%swant\n%s", name, files[name], want)
		}
	}
	defs := decode[map[string]map[string]any](t, files[nightly+"histograms.json"])
	if d := defs["DEMO_LINEAR"]; d["low"] != 5.0 || d["high"] != 50.0 || d["n_buckets"] != 6.0 {
		t.Errorf("DEMO_LINEAR is defined as %v", d)
	}
	if d := defs["DEMO_ENUM"]; d["n_values"] != 3.0 {
		t.Errorf("DEMO_ENUM is defined as %v", d)
	}
	if _, ok := defs["SIMPLE_MEASURES_FIRSTPAINT"]; !ok || len(defs) != 3 {
		t.Errorf("measures are %v", defs)
	}
	if strings.Contains(files[nightly+"histograms.json"], "<") {
		t.Error("a description has markup that is not escaped")
	}
	if account.Pings != 13 || account.Skipped["no info"] != 2 || account.Refused["simple measure below zero"] != 4 || account.Records != 10 {
		t.Errorf("the account is %+v", account)
	}
	dropped := map[string]string{}
	for _, d := range account.Dropped {
		for name := range d.Measures {
			dropped[name] = d.Reason
		}
	}
	if want := map[string]string{
		"DEMO_COUNT": "kind count", "DEMO_LINEAR": "other number of buckets than defined", "NOBODY_KNOWS": "no definition",
	}; !reflect.DeepEqual(dropped, want) {
		t.Errorf("dropped %v, want %v", dropped, want)
	}
}

// TestSameSite: it does not matter in which order days came, or how often; and what readers may still need stays.
func TestSameSite(t *testing.T) {
	state, site, again := t.TempDir(), t.TempDir(), t.TempDir()
	writeDay(t, state, "20131104", days["20131104"])
	publishTo(t, state, again)
	first := decode[map[string]string](t, content(t, again)["versions.json"])
	writeDay(t, state, "20131103", days["20131103"])
	publishTo(t, state, site)
	publishTo(t, state, again)
	if _, err := os.Stat(filepath.Join(again, first["nightly/27"])); err != nil {
		t.Errorf("the folder of the site before is gone: %v", err)
	}
	leftover := filepath.Join(again, ".new-1234")
	if err := os.Mkdir(leftover, 0o777); err != nil {
		t.Fatal(err)
	}
	writeDay(t, state, "20131103", days["20131103"][:3])
	publishTo(t, state, again)
	writeDay(t, state, "20131103", days["20131103"])
	publishTo(t, state, again)
	if _, err := os.Stat(filepath.Join(again, first["nightly/27"])); err == nil {
		t.Error("the folder of three sites ago is still there")
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("what a killed publisher has left is still there")
	}
	want, got := content(t, site), content(t, again)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s is another when its days came in another order", name)
		}
	}
}

func TestBrokenState(t *testing.T) {
	state, site := t.TempDir(), t.TempDir()
	defs := filepath.Join(t.TempDir(), "Histograms.json")
	if err := os.WriteFile(defs, []byte(definitions), 0o666); err != nil {
		t.Fatal(err)
	}
	try := func() error {
		_, err := publish.Publish(t.Context(), publish.Options{State: state, Site: site, Definitions: publish.Files(defs)})
		return err
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "no deltas") {
		t.Errorf("an empty state: %v", err)
	}
	writeDay(t, state, "20131103", days["20131103"])
	if err := try(); err != nil {
		t.Fatal(err)
	}
	before := content(t, site)
	writeDay(t, state, "20131104", []string{"x|y|z|a|b|c|d"})
	if err := try(); err == nil || !strings.Contains(err.Error(), "20131104.tsv.zst:1: not a row") {
		t.Errorf("a delta with another row: %v", err)
	}
	writeDay(t, state, "20131104", []string{days["20131104"][3], days["20131104"][0]})
	if err := try(); err == nil || !strings.Contains(err.Error(), "not sorted") {
		t.Errorf("a delta out of order: %v", err)
	}
	if err := os.Remove(filepath.Join(state, "20131104.json")); err != nil {
		t.Fatal(err)
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "run update for 20131104 again") {
		t.Errorf("a delta without a manifest: %v", err)
	}
	if after := content(t, site); !reflect.DeepEqual(before, after) {
		t.Error("publishing failed, and the site is another")
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := publish.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish.Lock(dir); err == nil {
		t.Error("two have the lock")
	}
	unlock()
	if unlock, err = publish.Lock(dir); err != nil {
		t.Fatal(err)
	}
	unlock()
}
