package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os/exec"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/mapreduce"
)

var kills = flag.Int("kills", 12, "how often TestKilled kills a publisher")

// TestWorkedExample: pings whose sums are known, and what a client of 2013 made of these.
func TestWorkedExample(t *testing.T) {
	windows := map[string]string{"OS": "WINNT", "version": "6.1", "arch": "x86"}
	linux := map[string]string{"OS": "Linux", "version": "3.11", "arch": "x86-64"}
	var pings []ping
	add := func(day string, info map[string]string, measure string, elements ...float64) {
		pings = append(pings, ping{
			reason: "saved-session", app: "Firefox", channel: "nightly", version: "27.0a1", built: day + "030201", submitted: day,
			info: info, histograms: map[string][]float64{measure: elements},
		})
	}
	add("20131101", windows, "DEMO_LINEAR", 1, 1, 0, 1, 0, 0, 40, -1, -1, 1000, 0)
	add("20131101", windows, "DEMO_LINEAR", 0, 1, 1, 0, 0, 0, 27, -1, -1, 407, 0)
	add("20131101", linux, "DEMO_LINEAR", 0, 0, 0, 0, 0, 1, 60, -1, -1, 3600, 0)
	add("20131102", windows, "DEMO_LINEAR", 0, 3, 0, 0, 1, 0, 66, -1, -1, 1956, 0)
	add("20131101", windows, "DEMO_EXP", 0, 2, 1, 1, 0, 46, 8.539932678385727, 21.3394092146693, -1, -1)
	for i := range 8 {
		if i < 3 {
			add("20131101", windows, "DEMO_BOOL", 1, 0, 0, 0, -1, -1, 0, 0)
		} else {
			add("20131101", windows, "DEMO_BOOL", 0, 1, 0, 1, -1, -1, 1, 0)
		}
	}
	state, site := t.TempDir(), t.TempDir()
	updateDays(t, writeStore(t, pings), state, "20131101..20131102")
	publishSite(t, state, site)
	c := openSite(t, site)
	c.check()
	c.checkSums()
	linear := c.load("nightly/27", "DEMO_LINEAR", "build")
	for _, tt := range []struct {
		h    clientHistogram
		want []float64 // submissions, count, mean, p5, p50, p75, p95, standard deviation, end of the last bucket
	}{
		{linear.between("20131101", "20131101"), []float64{3, 6, 21.1667, 0.75, 12.3333, 30.75, 48.6, 2318.833, 46}},
		{linear.between("20131102", "20131102"), []float64{1, 4, 16.5, 5.55, 10.5, 13.25, 43.4, 867, math.Inf(-1)}},
		{linear.all(), []float64{4, 10, 19.3, 1.25, 12.3333, 30.75, 44, 3238.1, 26}},
	} {
		h := tt.h
		near(t, "linear", []float64{
			h.submissions(), h.count(), h.mean(), h.percentile(5), h.median(), h.percentile(75), h.percentile(95), h.standardDeviation(), h.lastEnd(),
		}, tt.want)
	}
	exponential := c.load("nightly/27", "DEMO_EXP", "submission").all()
	near(t, "exponential", []float64{
		exponential.mean(), exponential.percentile(5), exponential.median(), exponential.percentile(95), exponential.geometricMean(),
	}, []float64{11.5, 2.0968, 3.5198, 27.7127, 2.1350})
	boolean := c.load("nightly/27", "DEMO_BOOL", "build").all()
	near(t, "boolean", []float64{boolean.submissions(), boolean.count(), boolean.mean()}, []float64{8, 8, 0.625})
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i, x := range got {
		if x != want[i] && !(math.Abs(x-want[i]) <= 0.0005) {
			t.Errorf("%s: number %d is %v, want %v", what, i, x, want[i])
		}
	}
}

// A total is what all pings of a day and a leaf say of a measure.
type total struct {
	sums  []float64
	pings float64
}

// totals adds up pings one by one, as slowly and plainly as it can be done. The key is release, measure, family, day and leaf.
func totals(pings []ping, defined map[string]bool) map[string]*total {
	all := map[string]*total{}
	add := func(p ping, measure string, a []float64) {
		os := p.info["OS"] + "/" + strings.TrimSuffix(strings.TrimSuffix(p.info["version"], ".0-12-generic"), ".10") + "/" + p.info["arch"]
		if p.info["OS"] == "Darwin" {
			os = "Darwin/13.0.0/x86-64"
		}
		major, _, _ := strings.Cut(p.version, ".")
		leaf := strings.ReplaceAll(p.reason, "-", "_") + "/" + p.app + "/" + os
		keys := []string{"build " + p.built[:8]}
		if date(p.submitted).Sub(date(p.built[:8])).Hours()/24 <= 60 {
			keys = append(keys, "submission "+p.submitted)
		}
		for _, key := range keys {
			key = fmt.Sprintf("%s/%s %s %s %s", p.channel, major, measure, key, leaf)
			if all[key] == nil {
				all[key] = &total{sums: make([]float64, len(a))}
			}
			all[key].pings++
			for i, x := range a {
				all[key].sums[i] += x
			}
		}
	}
	for _, p := range pings {
		for name, a := range p.histograms {
			if defined[name] {
				add(p, name, a)
			}
		}
		bounds := exponentialBounds(1, 30000, 50)
		add(p, "SIMPLE_MEASURES_FIRSTPAINT", bucketed(bounds, true, p.simple["firstPaint"].(float64)))
		add(p, "SIMPLE_MEASURES_JS_SETPROTO", bucketed(bounds, true, p.simple["js"].(map[string]any)["setProto"].(float64)))
	}
	for _, t := range all {
		for i, x := range t.sums[len(t.sums)-5:] {
			if x < 0 {
				t.sums[len(t.sums)-5+i] = -1 // none reports it
			}
		}
	}
	return all
}

// published is the same, from a site.
func published(c *client) map[string]*total {
	all := map[string]*total{}
	for version := range c.versions {
		for measure := range c.measures(version) {
			for _, family := range []string{"build", "submission"} {
				e := c.load(version, measure, family)
				leaves := map[float64]string{}
				leafNames(e.node, "", leaves)
				for day, arrays := range e.data {
					for _, a := range arrays {
						key := fmt.Sprintf("%s %s %s %s %s", version, measure, family, day, leaves[a[len(a)-1]])
						all[key] = &total{a[:len(a)-2], a[len(a)-2]}
					}
				}
			}
		}
	}
	return all
}

func leafNames(node map[string]any, path string, names map[float64]string) {
	if len(options(node)) == 0 {
		names[node["_id"].(float64)] = strings.TrimPrefix(path, "/")
	}
	for _, name := range options(node) {
		leafNames(node[name].(map[string]any), path+"/"+name, names)
	}
}

// TestMadeUp: two releases, four systems, twelve days and all kinds of measures come out as a plain sum has them.
func TestMadeUp(t *testing.T) {
	state, site := t.TempDir(), t.TempDir()
	updateDays(t, writeStore(t, madeUp()), state, firstDay+".."+lastDay)
	publishSite(t, state, site)
	c := openSite(t, site)
	c.check()
	c.checkSums()
	if want := []string{"beta/26", "nightly/27"}; !slices.Equal(slices.Sorted(maps.Keys(c.versions)), want) {
		t.Fatalf("releases are %v, want %v", c.versions, want)
	}
	defined := map[string]bool{
		"DEMO_LINEAR": true, "DEMO_EXP": true, "STARTUP_DEMO_EXP": true, "DEMO_BOOL": true, "DEMO_FLAG": true, "DEMO_ENUM": true,
	}
	want, got := totals(madeUp(), defined), published(c)
	if !maps.EqualFunc(got, want, func(g, w *total) bool {
		return g.pings == w.pings && slices.EqualFunc(g.sums, w.sums, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*(1+math.Abs(b)) })
	}) {
		for key, w := range want {
			if g := got[key]; g == nil || !reflect.DeepEqual(g, w) {
				t.Errorf("%s: got %v, want %v", key, g, w)
				break
			}
		}
		t.Errorf("the site has %d sums, want %d", len(got), len(want))
	}
	var account publish.Site
	c.read("site.json", &account)
	if account.Records != int64(len(madeUp())) || account.Pings != account.Records || len(account.MissingDays) != 0 || len(account.Dropped) != 2 {
		t.Errorf("the account is %+v", account)
	}
}

// contentOf is all files below a directory, without locks.
func contentOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := testkit.Files(t, dir)
	maps.DeleteFunc(all, func(name, _ string) bool { return path.Base(name) == ".lock" })
	return all
}

func sameFiles(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, text := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s: %s is not there", what, name)
		} else if g != text {
			t.Errorf("%s: %s is another", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", what, name)
		}
	}
}

// TestSameBytes: neither the order of days, nor that one comes twice, nor workers, memory and codecs make a difference.
func TestSameBytes(t *testing.T) {
	pings := slices.DeleteFunc(slices.Clone(madeUp()), func(p ping) bool { return p.submitted < "20131203" }) // four days
	store := writeStore(t, pings)
	once := t.TempDir()
	updateDays(t, store, once, "20131203..20131206")
	wantState := contentOf(t, once)
	site := t.TempDir()
	publishSite(t, once, site)
	wantSite := contentOf(t, site)

	shuffled := t.TempDir()
	for _, day := range []string{"20131205", "20131203", "20131206", "20131203", "20131204"} {
		updateDays(t, store, shuffled, day)
	}
	sameFiles(t, "days in another order, one twice", contentOf(t, shuffled), wantState)
	site = t.TempDir()
	publishSite(t, shuffled, site)
	sameFiles(t, "days in another order, one twice", contentOf(t, site), wantSite)
	publishSite(t, shuffled, site)
	sameFiles(t, "published twice", contentOf(t, site), wantSite)

	for _, extension := range []string{".gz", ""} {
		other := t.TempDir()
		updateDays(t, recoded(t, store, extension), other, "20131203..20131206")
		sameFiles(t, "stored as "+extension, contentOf(t, other), wantState)
	}
	for _, c := range []mapreduce.Config{{Workers: 1}, {Workers: 2, Partitions: 5}, {Workers: 8, Partitions: 1}, {Memory: 128 << 20}} {
		other := t.TempDir()
		w := publish.NewWriter(other, []string{"20131203", "20131204", "20131205", "20131206"})
		defer w.Close()
		c.Data, c.Stdout, c.Filter = store, w, filter.Filter{"submission_date": filter.OneOf("20131203", "20131204", "20131205", "20131206")}
		stats, err := mapreduce.Run(t.Context(), mapreduce.Command(command(t).Path, "job"), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(stats); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, fmt.Sprintf("%d workers, %d partitions, memory %d", c.Workers, c.Partitions, c.Memory), contentOf(t, other), wantState)
	}
}

// TestKilled: a publisher that is killed, at whatever moment, leaves the old site or the new one, and the next makes good.
func TestKilled(t *testing.T) {
	pings := slices.DeleteFunc(slices.Clone(madeUp()), func(p ping) bool { return p.submitted < "20131205" }) // two days
	store, defs := writeStore(t, pings), definitionsFile(t)
	state := t.TempDir()
	args := func(site string) []string {
		return []string{"publish", "--state", state, "--site", site, "--definitions", defs, "--gzip"}
	}
	updateDays(t, store, state, "20131205")
	killed, undisturbed := t.TempDir(), t.TempDir()
	dashboard(t, args(killed)...)
	dashboard(t, args(undisturbed)...)
	updateDays(t, store, state, "20131206")
	start := time.Now()
	dashboard(t, args(undisturbed)...)
	took := time.Since(start)
	for range *kills {
		cmd := command(t, args(killed)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(rand.N(took), func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or not
		timer.Stop()
		c := openSite(t, killed)
		c.check()
		if len(c.versions) != 2 {
			t.Fatalf("versions.json names %v", c.versions)
		}
	}
	dashboard(t, args(killed)...)
	sameFiles(t, "after kills", contentOf(t, killed), contentOf(t, undisturbed))
}

// TestHostile: what pings may have made up is counted, shown in site.json, and never ends a run.
func TestHostile(t *testing.T) {
	var pings []ping
	add := func(text string) {
		pings = append(pings, ping{
			reason: "saved-session", app: "Firefox", channel: "nightly", version: "27.0a1", built: "20131101030201", submitted: "20131102", text: text,
		})
	}
	good := `"histograms":{"DEMO_BOOL":[1,0,0,0,-1,-1,0,0]}`
	for _, value := range []string{`a/b/c`, `name`, `_id`, `__proto__`, `ünï\u2028code \ud83d\ude00`, strings.Repeat("x", 10_000), `..`, ``, `\u0000\t!`, `<script>`, `constructor`} {
		add(fmt.Sprintf(`{"info":{"OS":%q,"version":%q,"arch":%q},%s}`, "OS", "V", "A", good))
		add(strings.NewReplacer("VALUE", value, "GOOD", good).Replace(`{"info":{"OS":"VALUE","version":"VALUE","arch":"VALUE"},GOOD}`))
	}
	add(`{"info":{"OS":1,"version":null,"arch":[]},` + good + `}`)
	add(`{"info":{},"histograms":{"DEMO_BOOL":[1e999,0,0,0,-1,-1,0,0],"DEMO_FLAG":[-1,0,0,0,-1,-1,0,0],"DEMO_ENUM":[1,0],"NOBODY":[1,0,0,0,0,0]}}`)
	add(`{"info":{},"histograms":{"DEMO_BOOL":[1,0,0,-7,-1,-1,0,0],"DEMO_FLAG":[1,0,0,1e300,-1,-1,0,0],"DEMO_LINEAR":{"values":{}},"../x":[1]},"simpleMeasurements":{"a":1e999,"b":-1,"c":"x","../d":1,"e":1e300}}`)
	add(`{"noinfo":1}`)
	add(`{}`)
	store, state, site := writeStore(t, pings), t.TempDir(), t.TempDir()
	updateDays(t, store, state, "20131102")
	publishSite(t, state, site)
	c := openSite(t, site)
	c.check()
	c.checkSums()
	if h := c.load("nightly/27", "DEMO_BOOL", "build").all(); h.submissions() != 23 || h.tail(7) != 0 {
		t.Errorf("%v pings have a good histogram, whose sum is %v; want 23, and 0", h.submissions(), h.tail(7))
	}
	var account publish.Site
	c.read("site.json", &account)
	if account.Pings != 25 || account.Records != 27 || account.Skipped["no info"] != 2 {
		t.Errorf("the account is %+v", account)
	}
	want := map[string]int64{
		"histogram that is no array of numbers": 2, "histogram with a name that none has": 1, "histogram with a number below zero, or with parts of samples": 2,
		"histogram with a number beyond 2^53": 1, "simple measure that is no number": 2, "simple measure below zero": 1,
		"simple measure with a name that none has": 1, "simple measure beyond 2^53": 1,
	}
	if !maps.Equal(account.Refused, want) {
		t.Errorf("refused %v, want %v", account.Refused, want)
	}
	if len(account.Dropped) != 2 {
		t.Errorf("dropped %+v, want a measure that nobody knows and one with too few buckets", account.Dropped)
	}
}

// TestBadRecords: a line that is no record fails the update unless there is a budget; then it is counted.
func TestBadRecords(t *testing.T) {
	pings := madeUp()[:3]
	bad := pings[0]
	bad.text = `{"info":{"OS":"WINNT"},"histograms":{"DEMO_BOOL":[1,0,`
	store, state, site := writeStore(t, append(slices.Clone(pings), bad)), t.TempDir(), t.TempDir()
	out, err := command(t, "update", "--data", store, "--state", state, "--day", firstDay).CombinedOutput()
	if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 4 || !bytes.Contains(out, []byte(firstDay)) {
		t.Errorf("a truncated record: %v\n%s", err, out)
	}
	if len(contentOf(t, state)) != 0 {
		t.Error("a failed update left a delta")
	}
	dashboard(t, "update", "--data", store, "--state", state, "--day", firstDay, "--max-bad", "1")
	publishSite(t, state, site)
	var account publish.Site
	openSite(t, site).read("site.json", &account)
	if account.Bad != 1 || account.Pings != 3 || account.Records != 4 {
		t.Errorf("the account is %+v", account)
	}
}
