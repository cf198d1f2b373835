package web_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/examples/dashboard/web"
	"github.com/telemetry-mr/mr/mapreduce"
)

const definitions = `{
	"GC_MS": {"kind": "exponential", "high": 100, "n_buckets": 5, "description": "a <b>collection</b>"},
	"RATE": {"kind": "linear", "low": 5, "high": 50, "n_buckets": 6, "description": "a rate"},
	"OK": {"kind": "boolean", "description": "yes or no"},
	"OLD": {"kind": "flag", "description": "of builds that nobody has"},
	"COUNTED": {"kind": "count", "description": "not of 2013"},
	"__proto__": {"kind": "enumerated", "n_values": 3, "description": "<img src=x onerror=\"document.title='hostile'\">"}
}`

const (
	windows = "saved_session/Firefox/WINNT/6.1/x86"
	linux   = "saved_session/Firefox/Linux/3.11/x86-64"
	hostile = `saved_session/Firefox/<img src=x onerror="document.title='hostile'">/constructor/__proto___`
)

// rowsOf are the rows of the job by day of submission: release, measure, cells. 20131105 is missing.
var rowsOf = map[string][]string{
	"20131104": {
		"aurora/26||" + groups(job.Group{Built: "20131101", Leaf: windows, Pings: 100}),
		"aurora/26|GC_MS|[[0,100,[0,0,100,0,0,1000,230,560,-1,-1]]]",
		"nightly/27||" + groups(
			job.Group{Built: "20131101", Leaf: linux, Pings: 200}, job.Group{Built: "20131101", Leaf: windows, Pings: 400},
			job.Group{Built: "20131102", Leaf: hostile, Pings: 3}, job.Group{Built: "20131102", Leaf: windows, Pings: 400},
		),
		"nightly/27|COUNTED|[[1,100,[100,0,100,-1,-1,100,0]]]",
		"nightly/27|GC_MS|[[0,100,[0,50,50,0,0,400,150,300,-1,-1]],[1,300,[0,0,100,100,100,9900,900,2800,-1,-1]]," +
			"[2,3,[0,0,0,3,0,90,10,34,-1,-1]],[3,200,[0,0,200,0,0,2000,460,1060,-1,-1]]]",
		"nightly/27|OK|[[1,400,[100,300,0,300,-1,-1,300,0]]]",
		"nightly/27|RATE|[[1,4,[1,5,1,1,1,1,193,-1,-1,6963,0]]]",
		"nightly/27|__proto__|[[0,200,[50,100,50,0,200,-1,-1,300,0]]]",
	},
	"20131106": {
		"nightly/27||" + groups(job.Group{Built: "20130801", Leaf: windows, Pings: 1}),
		"nightly/27|OLD|[[0,1,[1,0,0,0,-1,-1,0,0]]]",
	},
}

func groups(g ...job.Group) string {
	b, err := json.Marshal(job.Groups{Groups: g})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// serveSite publishes the days and serves the site until the test ends.
func serveSite(t *testing.T) (url, dir string) {
	t.Helper()
	state, dir := t.TempDir(), t.TempDir()
	for day, rows := range rowsOf {
		w := publish.NewWriter(state, []string{day})
		defer w.Close()
		for _, row := range rows {
			if _, err := w.Write([]byte(day + "\t" + strings.ReplaceAll(row, "|", "\t") + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(mapreduce.Stats{}); err != nil {
			t.Fatal(err)
		}
	}
	defs := filepath.Join(state, "Histograms.json")
	if err := os.WriteFile(defs, []byte(definitions), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := publish.Publish(t.Context(), publish.Options{
		State: state, Site: dir, Definitions: publish.Files(defs), Compress: true,
	}); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(web.Handler(root.FS()))
	t.Cleanup(func() { server.Close(); _ = root.Close() })
	return server.URL, dir
}
