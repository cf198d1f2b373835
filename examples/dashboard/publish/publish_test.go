package publish_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage/histogram"
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

// days are the rows of days: release, measure, cells. GROUPS are the groups of pings, build day, leaf and pings, and a simple
// measure that one ping has.
var days = map[string][]string{
	"20131103": {
		"nightly/27||GROUPS 20131101 " + linux + " 2 20131102 " + windows + " 1;SIMPLE_MEASURES_FIRSTPAINT",
		"nightly/27|DEMO_LINEAR|[[0,2,[1,2,1,1,0,0,67,-1,-1,1407,0]],[1,1,[0,3,0,0,1,0,66,-1,-1,1956,0]]]",
		"nightly/27|SIMPLE_MEASURES_FIRSTPAINT|[[0,1,[0" + strings.Repeat(",0", 48) + ",1,40000,10.5,110.25,-1,-1]]]",
	},
	"20131104": {
		"beta/26||GROUPS 20131001 " + windows + " 8",
		"beta/26|DEMO_BOOL|[[0,8,[3,5,0,5,-1,-1,5,0]]]",
		"beta/26|DEMO_EXP|[[0,1,[0,2,1,1,0,46,8.539932678385727,21.3394092146693,-1,-1]]]",
		"nightly/27||GROUPS 20130801 " + windows + " 1 20131101 " + windows + " 1",
		"nightly/27|DEMO_COUNT|[[1,1,[3,3,-1,-1,9,0]]]",
		"nightly/27|DEMO_ENUM|[[0,1,[0,0,1,0,2,-1,-1,4,0]]]",
		"nightly/27|DEMO_LINEAR|[[1,1,[0,0,0,1,60,-1,-1,3600,0]],[1,1,[-5,1,60,7,7,3600,0]],[1,1,[1,-5,0,-1,-1,0,0]]]",
		"nightly/27|NOBODY_KNOWS|[[1,1,[1,0,1,-1,-1,1,0]]]",
	},
}

// row is a row of the job.
func row(t *testing.T, day, text string) string {
	t.Helper()
	cells := strings.Split(text, "|")
	if list, ok := strings.CutPrefix(cells[len(cells)-1], "GROUPS "); ok {
		var g job.Groups
		list, simple, ok := strings.Cut(list, ";")
		if ok {
			g.Simple = map[string]int64{simple: 1}
		}
		for f := strings.Fields(list); len(f) > 0; f = f[3:] {
			pings, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			g.Groups = append(g.Groups, job.Group{Built: f[0], Leaf: f[1], Pings: pings})
		}
		b, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		cells[len(cells)-1] = string(b)
	}
	return day + "\t" + strings.Join(cells, "\t") + "\n"
}

// writeDay writes what a run of the job over a day would.
func writeDay(t *testing.T, state, day string, rows []string) {
	t.Helper()
	w := publish.NewWriter(state, []string{day})
	defer w.Close()
	for _, text := range rows {
		// In two parts, as a stream may come.
		text = row(t, day, text)
		if _, err := w.Write([]byte(text[:len(text)/2])); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text[len(text)/2:])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(mapreduce.Stats{
		Counts: map[string]int64{day + " pings": 4, day + " skipped no info": 1, day + " refused simple measure below zero": 2},
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

// broken is a source of definitions that cannot be read.
type broken struct{}

func (broken) Definitions(release string, _ []string) (publish.Definitions, error) {
	return publish.Definitions{Sum: release, Load: func() ([]*histogram.Definitions, error) { return nil, errors.New(release) }}, nil
}

// TestFirstError: of several releases that cannot be made, the first is told, and nothing stays.
func TestFirstError(t *testing.T) {
	state, site := t.TempDir(), t.TempDir()
	for day, rows := range days {
		writeDay(t, state, day, rows)
	}
	_, err := publish.Publish(t.Context(), publish.Options{State: state, Site: site, Definitions: broken{}})
	if err == nil || err.Error() != "beta/26" {
		t.Errorf("Publish returns %v, want the error of beta/26", err)
	}
	if entries, err := os.ReadDir(site); err != nil || len(entries) > 0 {
		t.Errorf("%s has %v, want nothing: %v", site, entries, err)
	}
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
	files := testkit.Files(t, site)
	versions := decode[map[string]string](t, files["versions.json"])
	if len(versions) != 2 {
		t.Fatalf("versions.json is %s", files["versions.json"])
	}
	nightly, beta := versions["nightly/27"]+"/", versions["beta/26"]+"/"

	ids := leafIDs(t, files[nightly+"leaves.json"])
	lin, win := ids[linux], ids[windows]
	for name, want := range map[string]string{
		nightly + "DEMO_LINEAR-by-build-date.json": fmt.Sprintf(`{"20131101":[[1,2,1,1,0,0,67,-1,-1,1407,0,2,%d],`+"\n"+
			`[1,0,0,0,0,1,60,7,7,3600,0,2,%d]],`+"\n"+`"20131102":[[0,3,0,0,1,0,66,-1,-1,1956,0,1,%[2]d]]}`+"\n", lin, win),
		nightly + "DEMO_LINEAR-by-submission-date.json": fmt.Sprintf(`{"20131103":[[1,2,1,1,0,0,67,-1,-1,1407,0,2,%d],`+"\n"+
			`[0,3,0,0,1,0,66,-1,-1,1956,0,1,%d]],`+"\n"+`"20131104":[[1,0,0,0,0,1,60,7,7,3600,0,2,%[2]d]]}`+"\n", lin, win),
		// Submitted 95 days after the build.
		nightly + "DEMO_ENUM-by-build-date.json":      fmt.Sprintf(`{"20130801":[[0,0,1,0,2,-1,-1,4,0,1,%d]]}`+"\n", win),
		nightly + "DEMO_ENUM-by-submission-date.json": "{}\n",
		beta + "DEMO_EXP-by-build-date.json":          fmt.Sprintf(`{"20131001":[[0,2,1,1,0,46,8.539932678385727,21.3394092146693,-1,-1,1,%d]]}`+"\n", win),
		beta + "histograms.json": `{"DEMO_BOOL":{"kind":"boolean","description":"yes or no"},` +
			`"DEMO_EXP":{"kind":"exponential","description":"logs","low":1,"high":100,"n_buckets":5}}` + "\n",
		nightly + "pings.json": fmt.Sprintf(`{"build":{"20130801":{"%d":1},"20131101":{"%[2]d":2,"%[1]d":1},"20131102":{"%[1]d":1}},`+
			`"submission":{"20131103":{"%[2]d":2,"%[1]d":1},"20131104":{"%[1]d":1}}}`+"\n", win, lin),
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
	if got := treeIDs(t, files[nightly+"filter-tree.json"]); !reflect.DeepEqual(got, ids) || len(ids) != 2 {
		t.Errorf("the leaves of the tree are %v, those of leaves.json %v", got, ids)
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

// leafIDs are the ids in leaves.json, by leaf.
func leafIDs(t *testing.T, text string) map[string]int {
	t.Helper()
	ids := map[string]int{}
	for _, row := range decode[struct{ Leaves [][]any }](t, text).Leaves {
		var path []string
		for _, cell := range row[1:] {
			path = append(path, cell.(string))
		}
		ids[strings.Join(path, "/")] = int(row[0].(float64))
	}
	return ids
}

// treeIDs are those of the leaves in filter-tree.json.
func treeIDs(t *testing.T, text string) map[string]int {
	t.Helper()
	ids := map[string]int{}
	var walk func(node map[string]any, path string)
	walk = func(node map[string]any, path string) {
		for name, child := range node {
			if child, ok := child.(map[string]any); ok {
				walk(child, path+"/"+name)
			}
		}
		if len(node) == 1 {
			ids[path[1:]] = int(node["_id"].(float64))
		}
	}
	walk(decode[map[string]any](t, text), "")
	return ids
}

// TestSameSite: it does not matter in which order days came, or how often; and what readers may still need stays.
func TestSameSite(t *testing.T) {
	state, site, again := t.TempDir(), t.TempDir(), t.TempDir()
	writeDay(t, state, "20131104", days["20131104"])
	publishTo(t, state, again)
	first := decode[map[string]string](t, testkit.Files(t, again)["versions.json"])
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
	writeDay(t, state, "20131103", days["20131103"][:2])
	publishTo(t, state, again)
	writeDay(t, state, "20131103", days["20131103"])
	publishTo(t, state, again)
	if _, err := os.Stat(filepath.Join(again, first["nightly/27"])); err == nil {
		t.Error("the folder of three sites ago is still there")
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("what a killed publisher has left is still there")
	}
	want, got := testkit.Files(t, site), testkit.Files(t, again)
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
	before := testkit.Files(t, site)
	for _, tt := range []struct {
		row  int
		text string
		want string
	}{
		{0, "nightly/27||GROUPS 20131301 " + linux + " 2", "1: not a group of pings"},
		{0, "nightly/27||GROUPS 20131101 a/b 2", "1: not a group of pings"},
		{1, "nightly/27|DEMO_LINEAR|[[7,2,[1,2,1,1,0,0,67,-1,-1,1407,0]]]", "2: not cells of the job"},
		{1, "nightly/27|DEMO_LINEAR|[[0,2,[1,2", "2: not cells of the job"},
		{1, "nightly/27|DEMO_LINEAR|[[0,2,[1,2,1,1,0,0,67,-1,-1,1407,0]],]", "2: not cells of the job"},
		{1, "nightly/27|DEMO_LINEAR|", "2: not a row of the job"},
		{2, "nightly/27|DEMO_ENUM|[]", "3: rows are not sorted"},
	} {
		rows := slices.Clone(days["20131103"])
		rows[tt.row] = tt.text
		writeDay(t, state, "20131104", rows)
		if err := try(); err == nil || !strings.Contains(err.Error(), ".tsv:"+tt.want) {
			t.Errorf("with the row %s: %v, want %s", tt.text, err, tt.want)
		}
	}
	writeDay(t, state, "20131104", days["20131104"])
	parts, err := filepath.Glob(filepath.Join(state, "20131104-27-nightly-*"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("parts are %v: %v", parts, err)
	}
	text, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(parts[0], bytes.Replace(text, []byte("3600"), []byte("3601"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := try(); err == nil || !strings.Contains(err.Error(), "is damaged: run update for 20131104 again") {
		t.Errorf("a part with another number: %v", err)
	}
	for _, manifest := range []string{"", "{}", `{"day":"20131104","parts":[{"release":"nightly/27","file":"../x","sum":""}]}`} {
		if err := os.WriteFile(filepath.Join(state, "20131104.json"), []byte(manifest), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := try(); err == nil || !strings.Contains(err.Error(), "run update for 20131104 again") {
			t.Errorf("a manifest of %q: %v", manifest, err)
		}
	}
	if after := testkit.Files(t, site); !reflect.DeepEqual(before, after) {
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
