package publish_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/examples/dashboard/job"
	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/mapreduce"
)

// drawDay draws the rows of a day, few enough that days often share builds, leaves and measures, and often do not.
func drawDay(t *rapid.T, day string) string {
	var text strings.Builder
	for _, release := range rapid.SampledFrom([][]string{{"nightly/27"}, {"beta/26", "nightly/27"}}).Draw(t, "releases") {
		var g job.Groups
		for _, built := range []string{"20130801", "20131101", "20131102"} {
			for _, leaf := range []string{linux, windows, "idle_daily/Firefox/Linux/3.11/x86-64"} {
				if rapid.IntRange(0, 2).Draw(t, "group") == 0 {
					g.Groups = append(g.Groups, job.Group{Built: built, Leaf: leaf, Pings: rapid.Int64Range(1, 9).Draw(t, "pings")})
				}
			}
		}
		if len(g.Groups) == 0 {
			continue
		}
		arrays := map[string]string{
			"DEMO_BOOL":                  "[%d,1,0,0.5,-1,-1,5,0]",
			"DEMO_COUNT":                 "[%d,0,0,-1,-1,5,0]", // dropped
			"DEMO_EXP":                   "[0,%d,1,1,0,46,8.539932678385727,21.3394092146693,-1,-1]",
			"DEMO_LINEAR":                "[%d,2,1,1,-2,67,-1,-1,1407,0]",
			"SIMPLE_MEASURES_FIRSTPAINT": "[%d,-49,0,0,0,-1,-1]",
		}
		rows := map[string][]string{}
		for _, measure := range slices.Sorted(maps.Keys(arrays)) {
			for i := range g.Groups {
				n := rapid.IntRange(0, 3).Draw(t, measure)
				if n == 0 || rapid.Bool().Draw(t, "none") {
					continue
				}
				rows[measure] = append(rows[measure], fmt.Sprintf("[%d,%d,"+arrays[measure]+"]", i, n, n))
				if n == 3 {
					rows[measure] = append(rows[measure], fmt.Sprintf("[%d,1,[1,0.25,7]]", i)) // another length
				}
			}
		}
		if n := len(rows["SIMPLE_MEASURES_FIRSTPAINT"]); n > 0 {
			g.Simple = map[string]int64{"SIMPLE_MEASURES_FIRSTPAINT": int64(n)}
		}
		groups, _ := json.Marshal(g) // never fails
		fmt.Fprintf(&text, "%s\t%s\t\t%s\n", day, release, groups)
		for _, measure := range slices.Sorted(maps.Keys(rows)) {
			fmt.Fprintf(&text, "%s\t%s\t%s\t[%s]\n", day, release, measure, strings.Join(rows[measure], ","))
		}
	}
	return text.String()
}

// Each check waits for the disk a dozen times, so there are few unless the flag asks for more.
func init() {
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
}

// TestAnyOrder: days at once, one by one, shuffled, twice, and those that were others before give the same bytes, whatever
// was published in between.
func TestAnyOrder(t *testing.T) {
	root := t.TempDir()
	defs := filepath.Join(root, "Histograms.json")
	if err := os.WriteFile(defs, []byte(definitions), 0o666); err != nil {
		t.Fatal(err)
	}
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		in := func(name string) string { return filepath.Join(root, fmt.Sprint(runs), name) }
		compress := rapid.Bool().Draw(t, "compress")
		site := func(state, site string) map[string]string {
			_, err := publish.Publish(t.Context(), publish.Options{State: state, Site: site, Definitions: publish.Files(defs), Compress: compress})
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]string{}
			versions := map[string]string{}
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(site, name))
				if err != nil {
					t.Fatal(err)
				}
				all[name] = string(data)
				return data
			}
			read("site.json")
			if err := json.Unmarshal(read("versions.json"), &versions); err != nil {
				t.Fatal(err)
			}
			for _, folder := range versions {
				entries, err := os.ReadDir(filepath.Join(site, folder))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					read(filepath.Join(folder, e.Name()))
				}
			}
			return all
		}
		write := func(state string, rows map[string]string) {
			w := publish.NewWriter(state, slices.Sorted(maps.Keys(rows)))
			defer w.Close()
			for _, day := range slices.Sorted(maps.Keys(rows)) {
				if _, err := w.Write([]byte(rows[day])); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Commit(mapreduce.Stats{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, dir := range []string{in("once"), in("steps")} {
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		rows := map[string]string{}
		for _, day := range []string{"20131103", "20131104", "20131105", "20131203"} {
			rows[day] = drawDay(t, day)
		}
		days := slices.Sorted(maps.Keys(rows))
		steps := append(rapid.Permutation(days).Draw(t, "order"), rapid.SliceOfN(rapid.SampledFrom(days), 0, 2).Draw(t, "again")...)
		for i, day := range steps {
			if !slices.Contains(steps[i+1:], day) {
				write(in("steps"), map[string]string{day: rows[day]})
			} else {
				write(in("steps"), map[string]string{day: drawDay(t, day)})
			}
			if rapid.Bool().Draw(t, "publish") {
				site(in("steps"), in("stepsite"))
			}
		}
		write(in("once"), rows)
		got, want := site(in("steps"), in("stepsite")), site(in("once"), in("site"))
		for name, text := range want {
			if got[name] != text {
				t.Errorf("%s is\n%swant\n%s", name, got[name], text)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d files, want %d", len(got), len(want))
		}
	})
}
