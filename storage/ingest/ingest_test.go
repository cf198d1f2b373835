package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// TestIngest follows records of all kinds: into the store, or to what is refused.
func TestIngest(t *testing.T) {
	const uuid = "17caa68c-25f5-450a-9cce-7d31318846d8"
	p := newPlace(t, t.TempDir())
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(classic("").Data) // to memory
	_ = zip.Close()
	zipped := classic("zipped")
	zipped.Data = packed.Bytes()
	empty := classic("empty")
	empty.Data = nil
	damaged := classic("damaged")
	damaged.Data = packed.Bytes()[:packed.Len()-9]
	p.log(t, "telemetry.log.v2.host.1.1000",
		classic("plain"), zipped, empty, damaged,
		submission(uuid, "", "{}"), submission("short", "/Firefox", "{}"), submission("", firefox, "{}"),
		submission("array", firefox, "[]"),
		submission("control", firefox, "{\"ver\":2,\"info\":{},\"a\":\"\n\"}"),
		submission("bucket", firefox, strings.Replace(string(classic("").Data), `"0":5`, `"7":5`, 1)),
		submission("repo", firefox, strings.Replace(string(classic("").Data), url, "/rev/", 1)),
		submission("none", firefox, strings.Replace(string(classic("").Data), "revision", "x", 1)),
		submission("offline", firefox, strings.Replace(string(classic("").Data), "0123456789ab", "00", 1)),
	)
	p.log(t, "telemetry.log.v2.host.1.2000",
		submission("os", "/ftu/FirefoxOS/28.0/default/20140220074132", `{"ver":3,"deviceinfo.platform_version":"28.0"}`),
		submission("main", "/main/Firefox/41.0a1/nightly/2015", `{"version":4,"type":"main","application":{"name":"Firefox"},"payload":{"info":{"revision":"`+url+`"},"histograms":{}}}`),
		submission("moved", "/idle-daily/Fennec/1/beta/1", string(classic("").Data)),
	)
	c := p.config(t)
	c.Stats = filepath.Join(p.dir, "stats")
	counts := run(t, c)

	firefoxAt := "saved_session/Firefox/nightly/28.0a1/20131112030204/20140102 "
	want := []string{
		"OTHER/Firefox/OTHER/UNKNOWN/UNKNOWN/20140102 main ",
		firefoxAt + "moved " + stored, firefoxAt + "plain " + stored, firefoxAt + "zipped " + stored,
		`ftu/FirefoxOS/OTHER/28.0/UNKNOWN/20140102 os {"ver":2,"deviceinfo.platform_version":"28.0","info":{"reason":"ftu","appUpdateChannel":"UNKNOWN",` +
			`"appBuildID":"UNKNOWN","appVersion":"28.0","appName":"FirefoxOS","geoCountry":"??"}}`,
	}
	want[0] = `main/Firefox/OTHER/UNKNOWN/UNKNOWN/20140102 main {"version":5,"type":"main","application":{"name":"Firefox"},"payload":{"info":{"revision":"` + url +
		`"},"histograms":{}},"info":{"appName":"Firefox","reason":"main"}}`
	slices.Sort(want)
	if got := p.records(t); !slices.Equal(got, want) {
		t.Errorf("the store has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	wantRefused := map[string][]string{
		"empty_data":            {"empty" + firefox},
		"corrupted_data":        {"damaged" + firefox},
		"uuid_only_path":        {uuid},
		"invalid_path":          {"short/Firefox", firefox},
		"conversion_error":      {"array" + firefox, "offline" + firefox},
		"invalid_control_char":  {"control" + firefox},
		"bad_payload":           {"bucket" + firefox},
		"missing_revision_repo": {"repo" + firefox},
		"missing_revision":      {"none" + firefox},
	}
	if got := refused(t, filepath.Join(p.raw, "rejects")); !reflect.DeepEqual(got, wantRefused) {
		t.Errorf("refused:\n%v\nwant\n%v", got, wantRefused)
	}
	if counts.Read != 16 || counts.Written != 5 || counts.Refused() != 11 || counts.Segments != 2 {
		t.Errorf("counts: %+v", counts)
	}
	for category, paths := range wantRefused {
		if counts.Bad[category] != int64(len(paths)) {
			t.Errorf("%d counted as %s, want %d", counts.Bad[category], category, len(paths))
		}
	}
	wantDiffer := map[string]int64{"reason": 1, "appName": 1, "appVersion": 3, "appUpdateChannel": 3, "appBuildID": 3}
	wantDiffer["appVersion"], wantDiffer["appUpdateChannel"], wantDiffer["appBuildID"] = 2, 3, 3
	if !maps.Equal(counts.Differ, wantDiffer) {
		t.Errorf("dimensions that differ: %v, want %v", counts.Differ, wantDiffer)
	}

	var line struct {
		Read     int64 `json:"records_read"`
		Bad      int64 `json:"bad_records.bad_payload"`
		Channels map[string]struct {
			Read int64 `json:"records_read"`
		}
	}
	text, err := os.ReadFile(c.Stats)
	if err != nil || json.Unmarshal(text, &line) != nil || line.Read != 16 || line.Bad != 1 || line.Channels["nightly"].Read != 11 {
		t.Errorf("statistics: %s, %v", text, err)
	}

	// Once more: there is nothing to do, and what is refused can be read as any raw log.
	if again := run(t, c); again.Read != 0 {
		t.Errorf("again: %v", &again)
	}
	names, err := filepath.Glob(filepath.Join(p.raw, "done", "*"))
	if err != nil || len(names) != 2 {
		t.Errorf("put away: %q, %v", names, err)
	}
	c.Raw = filepath.Join(p.raw, "rejects", "conversion_error")
	if again := run(t, c); again.Read != 2 || again.Bad["conversion_error"] != 2 {
		t.Errorf("refused ones again: %v", &again)
	}
}

// TestDisposal looks where raw logs are that have been ingested, and that none is ingested twice.
func TestDisposal(t *testing.T) {
	for after, left := range map[ingest.Disposal][]string{
		ingest.Move:   {"done/a.1.finished"},
		ingest.Remove: nil,
		ingest.Keep:   {"a.1.finished"},
	} {
		p := newPlace(t, t.TempDir())
		c := p.config(t)
		c.After = after
		for range 2 {
			p.log(t, "a.1", classic("x"), classic("y"))
			run(t, c)
			if got := p.records(t); len(got) != 2 {
				t.Errorf("after %d: %q", after, got)
			}
			got, _ := filepath.Glob(filepath.Join(p.raw, "*.finished"))
			more, _ := filepath.Glob(filepath.Join(p.raw, "done", "*.finished"))
			for i, name := range append(got, more...) {
				if i >= len(left) || name != filepath.Join(p.raw, filepath.FromSlash(left[i])) {
					t.Errorf("after %d: %s is left, want %q", after, name, left)
				}
			}
		}
		var said string
		c.Log = func(message string) { said = message }
		p.log(t, "a.1", classic("x"), classic("z"))
		if _, err := ingest.Run(t.Context(), c); err == nil || !strings.Contains(said, "a.1.finished is not the one of that name and size") {
			t.Errorf("another raw log of the same name and size: %v, %q", err, said)
		}
		p.log(t, "a.1", classic("x"), classic("y"), classic("z"))
		if _, err := ingest.Run(t.Context(), c); err == nil || !strings.Contains(said, "a.1.finished has ") {
			t.Errorf("another raw log of the same name: %v, %q", err, said)
		}
	}
}

// TestNowhereToPutAway finds out before the records are in the store that raw logs could not be put away.
func TestNowhereToPutAway(t *testing.T) {
	for _, make := range []func(name string) error{
		func(name string) error { return os.Symlink(t.TempDir(), name) },
		func(name string) error { return os.WriteFile(name, nil, 0o666) },
	} {
		p := newPlace(t, t.TempDir())
		p.log(t, "a.1", classic("x"))
		if err := make(filepath.Join(p.raw, "done")); err != nil {
			t.Skip(err)
		}
		if _, err := ingest.Run(t.Context(), p.config(t)); err == nil || !strings.Contains(err.Error(), "done") {
			t.Errorf("error %v", err)
		}
		if got := p.records(t); len(got) > 0 {
			t.Errorf("%q are in the store", got)
		}
	}
}

// TestSameBytes makes the same store with other workers, and in several runs.
func TestSameBytes(t *testing.T) {
	var want map[string]string
	for _, workers := range []int{1, 2, 5} {
		p := newPlace(t, t.TempDir())
		for i := range 12 {
			var records []rawlog.Record
			for k := range 40 {
				rec := classic(fmt.Sprintf("%d-%d", i, k))
				rec.Time += int64(k%5) * 24 * 60 * 60 * 1000
				if k%7 == 0 {
					rec.Data = rec.Data[:k]
				}
				records = append(records, rec)
			}
			p.log(t, fmt.Sprintf("a.%d", i), records...)
		}
		c := p.config(t)
		c.Workers, c.Batch = workers, 30_000
		counts := run(t, c)
		if counts.Segments != 12 || counts.Written+counts.Refused() != 12*40 {
			t.Errorf("%d workers: %v", workers, &counts)
		}
		got := contents(t, p.store)
		for name, digest := range contents(t, p.raw) {
			got["raw/"+name] = digest
		}
		if want == nil {
			want = got
		} else if !maps.Equal(got, want) {
			t.Errorf("%d workers: %v\nwant %v", workers, got, want)
		}
	}
}

// TestInUse refuses a second run on the same store, raw logs or refused records.
func TestInUse(t *testing.T) {
	p := newPlace(t, t.TempDir())
	for _, path := range []string{"store/.ingest/lock", "raw/.ingest.lock", "raw/rejects/.lock"} {
		path = filepath.Join(p.dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		lock, err := storage.LockFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ingest.Run(t.Context(), p.config(t))
		if inUse, ok := errors.AsType[*storage.InUseError](err); !ok || inUse.Path != path || !strings.Contains(inUse.Holder, "process ") {
			t.Errorf("%s: %v", path, err)
		}
		lock.Release()
	}
	run(t, p.config(t))
}

// TestHostile stores pings whose dimensions and ids would like to be elsewhere.
func TestHostile(t *testing.T) {
	p := newPlace(t, t.TempDir())
	values := []string{
		"..", ".", "../..", "../../../../../../tmp/x", "/etc/passwd", "a/../../b", `..\..\x`, "", "\x00", "a\x00b", "CON", "nul.txt", ".hidden", ".ingest",
		"x.tmp", "~", "trailing.", strings.Repeat("x", 300), strings.Repeat("é", 200), "\xff\xfe", "a\tb\nc", "%2e%2e%2f", "schema.json", "\u202e", "*", "$(x)",
	}
	var records []rawlog.Record
	for i, v := range values {
		text, _ := json.Marshal(map[string]any{"ver": 2, "info": map[string]string{
			"reason": v, "appName": v, "appUpdateChannel": v, "appVersion": v, "appBuildID": v,
		}})
		rec := rawlog.Record{Time: noon, Path: []byte(fmt.Sprintf("%d/%s/%[2]s/%[2]s/%[2]s/%[2]s", i, strings.ReplaceAll(v, "/", "%2F"))), Data: text}
		records = append(records, rec)
		if !strings.Contains(v, "/") {
			rec.Path = []byte(v + firefox)
			records = append(records, rec)
		}
	}
	p.log(t, "a.1", records...)
	schema, err := storage.ParseSchema([]byte(`{"version":1,"dimensions":[{"field_name":"appName","allowed_values":"*"},{"field_name":"reason","allowed_values":"*"},` +
		`{"field_name":"appVersion","allowed_values":"*"},{"field_name":"appBuildID","allowed_values":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := p.config(t)
	if c.Store, err = storage.OpenWith(p.store, schema); err != nil {
		t.Fatal(err)
	}
	defer c.Store.Close()
	before := contents(t, p.dir)
	counts := run(t, c)
	n := int64(0)
	for file, err := range c.Store.Files(nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range file.Records() {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n != counts.Written || counts.Written < int64(len(values)) || counts.Written+counts.Refused() != int64(len(records)) {
		t.Errorf("%d records in the store, %v", n, &counts)
	}
	for name := range contents(t, p.dir) {
		if _, ok := before[name]; !ok && !strings.HasPrefix(name, "store"+string(filepath.Separator)) && !strings.HasPrefix(name, "raw"+string(filepath.Separator)) {
			t.Errorf("%s was not there", name)
		}
	}
}

// TestFollow ingests raw logs that come while it runs.
func TestFollow(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("first"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := p.config(t)
	c.Follow = true
	done := make(chan error, 1)
	go func() {
		_, err := ingest.Run(ctx, c)
		done <- err
	}()
	for i, name := range []string{"a.1", "a.2"} {
		if i > 0 {
			p.log(t, name, classic(name))
		}
		for gone := false; !gone; { // the last step for a raw log
			_, err := os.Stat(filepath.Join(p.raw, "done", name+".finished"))
			gone = err == nil
			select {
			case err := <-done:
				t.Fatal(err)
			case <-time.After(10 * time.Millisecond):
			}
		}
		if got := p.records(t); len(got) != i+1 {
			t.Errorf("%d records, want %d", len(got), i+1)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDamage goes on behind damage, and tells of it.
func TestDamage(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"), classic("y"))
	name := filepath.Join(p.raw, "a.1.finished")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, slices.Concat(data[:len(data)/2], []byte("garbage"), data[len(data)/2:]), 0o666); err != nil {
		t.Fatal(err)
	}
	c := p.config(t)
	var warnings []string
	c.Log = func(message string) { warnings = append(warnings, message) }
	counts := run(t, c)
	if want := fmt.Sprintf("; %d bytes of raw logs lost to damage", counts.DamagedBytes); !strings.HasSuffix(counts.String(), want) {
		t.Errorf("%v does not end with %q", &counts, want)
	}
	if counts.Written != 2 || counts.DamagedRanges != 1 || counts.DamagedBytes != 7 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "a.1.finished: ") {
		t.Errorf("%+v, %q", counts, warnings)
	}
}

// TestClaimedFormat: what a client has sent looks like a part of a raw log of another format than the name says.
func TestClaimedFormat(t *testing.T) {
	p := newPlace(t, t.TempDir())
	hostile := submission("hostile", firefox, "")
	for range 2 {
		var err error
		if hostile.Data, err = rawlog.AppendFrame(hostile.Data, rawlog.V3, &rawlog.Record{}); err != nil {
			t.Fatal(err)
		}
	}
	p.log(t, "telemetry.log.v2.host.1.1000", hostile, classic("plain"))
	if counts := run(t, p.config(t)); counts.Read != 2 || counts.Written != 1 || counts.DamagedRanges != 0 {
		t.Errorf("counts: %v", &counts)
	}
}

// TestDates has records of the last day that has eight digits, and of times behind it.
func TestDates(t *testing.T) {
	p := newPlace(t, t.TempDir())
	last := classic("last")
	last.Time = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()
	next := classic("next")
	next.Time = last.Time + 1000
	late := classic("late")
	late.Time = 1<<53 - 1
	p.log(t, "telemetry.log.v2.host.1.1000", last, next, late)
	run(t, p.config(t))
	at := "saved_session/Firefox/nightly/28.0a1/20131112030204/"
	want := []string{at + "99991231 last " + stored, at + "UNKNOWN late " + stored, at + "UNKNOWN next " + stored}
	if got := p.records(t); !slices.Equal(got, want) {
		t.Errorf("the store has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRefusedAgain ingests what was refused once more: that of two categories, as many bytes of each.
func TestRefusedAgain(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", submission("id1", firefox, `{"x":`), submission("id2", firefox, "\x1f\x8b\x08.."), submission("id3", "", `{"x":`))
	c := p.config(t)
	first := run(t, c)
	categories, err := filepath.Glob(filepath.Join(p.raw, "rejects", "[a-z]*"))
	if err != nil || len(categories) != 3 {
		t.Fatal(categories, err, &first)
	}
	var again ingest.Counts
	for _, dir := range categories {
		c.Raw = dir
		counts := run(t, c)
		again.Read += counts.Read
		again.Segments += counts.Segments
	}
	if again.Read != first.Refused() || again.Segments != int64(len(categories)) {
		t.Errorf("of %d refused records, %d came again, in %d raw logs of %d", first.Refused(), again.Read, again.Segments, len(categories))
	}
}

// TestAfterCommit has something in the way of a batch that is committed. When it is gone, the next run goes on.
func TestAfterCommit(t *testing.T) {
	p := newPlace(t, t.TempDir())
	p.log(t, "a.1", classic("x"), submission("y", firefox, "{"))
	inTheWay := filepath.Join(p.raw, "rejects", "conversion_error")
	if err := errors.Join(os.MkdirAll(filepath.Dir(inTheWay), 0o777), os.WriteFile(inTheWay, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := ingest.Run(t.Context(), p.config(t)); err == nil {
			t.Fatal("no error")
		}
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	if counts := run(t, p.config(t)); counts.Read != 2 || counts.Written != 1 || counts.Refused() != 1 {
		t.Errorf("counts: %v; the runs that failed had none", &counts)
	}
	got := refused(t, filepath.Join(p.raw, "rejects"))
	if len(p.records(t)) != 1 || len(got["conversion_error"]) != 1 {
		t.Errorf("%q, refused: %v", p.records(t), got)
	}
	left, _ := filepath.Glob(filepath.Join(p.dir, "store", ".ingest", "*", "*"))
	if more, _ := filepath.Glob(filepath.Join(p.raw, "*.finished")); len(left)+len(more) > 0 {
		t.Errorf("left: %q, %q", left, more)
	}
}
