package main_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
)

// one is a ping of one sample of DEMO_BOOL, true.
func one(built, submitted, os, version, arch string) ping {
	return ping{
		reason: "saved-session", app: "Firefox", channel: "nightly", version: "27.0a1", built: built + "030201", submitted: submitted,
		info: map[string]string{"OS": os, "version": version, "arch": arch}, histograms: map[string][]float64{"DEMO_BOOL": {0, 1, 0, 1, -1, -1, 1, 0}},
	}
}

// siteOf publishes pings, after each of the days if they are given, else once.
func siteOf(t *testing.T, pings []ping, days ...string) *client {
	t.Helper()
	store, state, site := writeStore(t, pings), t.TempDir(), t.TempDir()
	if len(days) == 0 {
		updateDays(t, store, state, "20000101..20301231")
	}
	for _, day := range days {
		updateDays(t, store, state, day)
		publishSite(t, state, site)
	}
	publishSite(t, state, site)
	c := openSite(t, site)
	c.check()
	c.checkSums()
	return c
}

// submissions of DEMO_BOOL, by day and leaf.
func submissions(c *client, family string) map[string]float64 {
	got := map[string]float64{}
	for key, total := range published(c) {
		if key, ok := strings.CutPrefix(key, "nightly/27 DEMO_BOOL "+family+" "); ok {
			got[strings.Replace(key, "saved_session/Firefox/", "", 1)] = total.pings
		}
	}
	return got
}

func wantSubmissions(t *testing.T, c *client, family string, want map[string]float64) {
	t.Helper()
	if got := submissions(c, family); !maps.Equal(got, want) {
		t.Errorf("pings by %s date are %v, want %v", family, got, want)
	}
}

// TestHistoricalDefects: what was wrong in the dashboard's programs of 2013 and 2014. Each test would have failed then.
func TestHistoricalDefects(t *testing.T) {
	// Two days, of which the second has a leaf that comes first in the tree, and a newer build of the same leaf.
	twoDays := []ping{
		one("20131101", "20131102", "WINNT", "6.1", "x86"),
		one("20131031", "20131102", "Linux", "3.11", "x86-64"),
		one("20131101", "20131103", "WINNT", "6.1", "x86"),
		one("20131103", "20131103", "WINNT", "6.1", "x86"),
		one("20131101", "20131103", "Darwin", "13.0", "x86-64"),
	}
	wantBuilt := map[string]float64{
		"20131031 Linux/3.11/x86-64": 1, "20131101 WINNT/6.1/x86": 2, "20131103 WINNT/6.1/x86": 1, "20131101 Darwin/13.0/x86-64": 1,
	}

	t.Run("1 days and filters only in the old data vanish", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, twoDays, "20131102", "20131103"), "build", wantBuilt)
	})
	t.Run("2 ids are given twice after a restart", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, twoDays, "20131103", "20131102"), "build", wantBuilt) // siteOf checks the ids
	})
	t.Run("3 submission dates are build dates", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, twoDays), "submission", map[string]float64{
			"20131102 Linux/3.11/x86-64": 1, "20131102 WINNT/6.1/x86": 1, "20131103 WINNT/6.1/x86": 2, "20131103 Darwin/13.0/x86-64": 1,
		})
	})
	t.Run("4 a newer build loses the old sum and doubles the new", func(t *testing.T) {
		c := siteOf(t, twoDays, "20131102", "20131103", "20131102")
		h := c.load("nightly/27", "DEMO_BOOL", "build").all()
		if h.submissions() != 5 || h.count() != 5 || h.tail(7) != 5 {
			t.Errorf("%v pings, %v samples, sum %v; want 5 of each", h.submissions(), h.count(), h.tail(7))
		}
	})
	t.Run("5 what a map task holds back at its end is lost", func(t *testing.T) {
		last := one("20131101", "20131102", "WINNT", "6.1", "x86")
		nothing := last
		nothing.built, nothing.text = "20131031000000", `{"noinfo":1}` // a file that emits nothing
		wantSubmissions(t, siteOf(t, []ping{nothing, last}), "build", map[string]float64{"20131101 WINNT/6.1/x86": 1})
	})
	t.Run("6 a day that is done again counts twice", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, twoDays, "20131102", "20131103", "20131103", "20131102"), "build", wantBuilt)
	})
	t.Run("7 Linux 3.11 is 3.1", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, []ping{
			one("20131101", "20131102", "Linux", "3.11.0-12-generic", "x86"), one("20131101", "20131102", "Linux", "3.1.9", "x86"),
		}), "build", map[string]float64{"20131101 Linux/3.11/x86": 1, "20131101 Linux/3.1/x86": 1})
	})
	t.Run("8 a slash in a version shifts the path", func(t *testing.T) {
		wantSubmissions(t, siteOf(t, []ping{one("20131101", "20131102", "WINNT", "a/b", "c/d/e")}), "build", map[string]float64{
			"20131101 WINNT/a_b/c_d_e": 1,
		})
	})
	t.Run("9 what is no number ends the job", func(t *testing.T) {
		p := one("20131101", "20131102", "WINNT", "6.1", "x86")
		p.text = `{"info":{},"histograms":{"DEMO_BOOL":[1e999,0,0,0,0,0,0,0]},"simpleMeasurements":{"firstPaint":1e999}}`
		var account publish.Site
		siteOf(t, []ping{p}).read("site.json", &account)
		if account.Refused["histogram that is no array of numbers"] != 1 || account.Refused["simple measure that is no number"] != 1 {
			t.Errorf("refused %v", account.Refused)
		}
	})
	t.Run("10 sixty days are not counted by the calendar", func(t *testing.T) {
		for _, tt := range []struct {
			built, last string // the 60th day
		}{{"20131101", "20131231"}, {"20131231", "20140301"}, {"20120101", "20120301"}} {
			after := date(tt.last).AddDate(0, 0, 1).Format("20060102")
			early := date(tt.built).AddDate(0, 0, -3).Format("20060102")
			c := siteOf(t, []ping{
				one(tt.built, tt.last, "WINNT", "6.1", "x86"), one(tt.built, after, "WINNT", "6.1", "x86"), one(tt.built, early, "WINNT", "6.1", "x86"),
			})
			wantSubmissions(t, c, "submission", map[string]float64{tt.last + " WINNT/6.1/x86": 1, early + " WINNT/6.1/x86": 1})
			wantSubmissions(t, c, "build", map[string]float64{tt.built + " WINNT/6.1/x86": 3})
		}
	})
	t.Run("11 simple measures below zero, and a bucket that was mistyped", func(t *testing.T) {
		p, q := one("20131101", "20131102", "WINNT", "6.1", "x86"), one("20131101", "20131102", "WINNT", "6.1", "x86")
		p.simple, q.simple = map[string]any{"firstPaint": 2265}, map[string]any{"firstPaint": -5}
		c := siteOf(t, []ping{p, q})
		h := c.load("nightly/27", "SIMPLE_MEASURES_FIRSTPAINT", "build").all()
		if h.submissions() != 1 || h.tail(7) != 2265 {
			t.Errorf("%v pings have a sum of %v, want 1 and 2265", h.submissions(), h.tail(7))
		}
		var measures []struct{ Buckets []int }
		c.read(filepath.Join(c.versions["nightly/27"], "measures.json"), &measures)
		if got := fmt.Sprint(measures[1].Buckets); got != simpleBounds || h.counts()[36] != 1 {
			t.Errorf("buckets are %s, want %s; counts are %v", got, simpleBounds, h.counts())
		}
	})
	t.Run("12 a damaged file is read for ever", func(t *testing.T) {
		store, state := writeStore(t, twoDays), t.TempDir()
		files, err := filepath.Glob(filepath.Join(store, "saved_session/Firefox/nightly/27.0a1/*.20131102.*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files: %v", err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[0], data[:len(data)/2], 0o666); err != nil {
			t.Fatal(err)
		}
		out, err := command(t, "update", "--data", store, "--state", state, "--day", "20131102").CombinedOutput()
		if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(string(out), filepath.Base(files[0])) {
			t.Errorf("half a file: %v\n%s", err, out)
		}
		if got := contentOf(t, state); len(got) > 0 {
			t.Errorf("half a file gave a delta: %v", slices.Sorted(maps.Keys(got)))
		}
	})
	t.Run("13 releases are mixed up by several reducers", func(t *testing.T) {
		store, want := writeStore(t, madeUp()[:80]), ""
		for _, partitions := range []int{1, 2, 7} {
			name := filepath.Join(t.TempDir(), "delta.tsv")
			if _, err := mapreduce.Run(t.Context(), mapreduce.Command(command(t).Path, "job"), mapreduce.Config{
				Data: store, Output: name, Partitions: partitions, Filter: filter.Filter{"submission_date": filter.OneOf(firstDay)},
			}); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				want = string(data)
			}
			if !slices.IsSorted(strings.Split(strings.TrimSpace(want), "\n")) || string(data) != want {
				t.Errorf("%d partitions: other rows, or not sorted", partitions)
			}
		}
	})
}

// simpleBounds are those that the dashboards of 2013 had, as they should have been.
const simpleBounds = "[0 1 2 3 4 5 6 7 9 11 13 16 20 24 29 35 43 52 63 77 94 115 140 171 209 255 311 379 462 564 688 839 1023 1248 1522 1857 " +
	"2265 2763 3370 4111 5015 6118 7463 9104 11106 13548 16527 20161 24593 30000]"
