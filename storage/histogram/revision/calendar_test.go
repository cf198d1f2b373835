package revision_test

import (
	"errors"
	"testing"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

const calendar = `{"revisions": [
	{"channel": "nightly", "from": "20130601", "to": "20130607", "revision": "https://h/c/rev/1"},
	{"channel": "nightly", "from": "20130607030201", "revision": "https://h/c/rev/2"},
	{"channel": "nightly", "to": "20130101", "version": "20.0a1", "revision": "https://h/c/rev/3"},
	{"channel": "release", "version": "22.0", "revision": "https://h/c/rev/4"},
	{"channel": "release", "from": "20130701", "to": "20130701", "revision": "https://h/c/rev/5"}
]}`

func TestResolve(t *testing.T) {
	c, err := revision.ParseCalendar([]byte(calendar))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ channel, build, version, want string }{
		{"nightly", "20130601000000", "", "1"},
		{"nightly", "20130607235959", "24.0a1", "1"}, // the first that holds
		{"nightly", "20130608", "", "2"},
		{"nightly", "20991231235959", "", "2"},
		{"nightly", "20130531235959", "", ""},
		{"nightly", "20130101120000", "20.0a1", "3"},
		{"nightly", "20130101120000", "21.0a1", ""},
		{"nightly", "", "20.0a1", ""},
		{"nightly", "2013060", "", ""},
		{"nightly", "2013060112000x", "", ""},
		{"nightly", "201306011200001", "", ""},
		{"release", "", "22.0", "4"},
		{"release", "rubbish", "22.0", "4"},
		{"release", "20130701", "23.0", "5"},
		{"release", "", "", ""},
		{"Nightly", "20130601", "", ""},
		{"", "20130601", "22.0", ""},
	} {
		url, ok := c.Resolve(tt.channel, tt.build, tt.version)
		if want := "https://h/c/rev/" + tt.want; ok != (tt.want != "") || ok && url != want {
			t.Errorf("Resolve(%q, %q, %q) = %q, %v, want %q", tt.channel, tt.build, tt.version, url, ok, tt.want)
		}
	}
}

func TestBadCalendars(t *testing.T) {
	entry := func(s string) string { return "{\"revisions\": [\n  {" + s + "}]}" }
	for _, tt := range []struct {
		text         string
		line, column int
	}{
		{``, 1, 1},
		{`[]`, 1, 1},
		{`{`, 1, 1},
		{`{}`, 1, 1},
		{`{"revisions": []} x`, 1, 19},
		{`{"revisions": [], "revisions": []}`, 1, 19},
		{`{"other": []}`, 1, 2},
		{`{"revisions": {}}`, 1, 15},
		{"{\"revisions\": [\n7]}", 2, 1},
		{entry(``), 2, 3},
		{entry(`"channel":"a","version":"1"`), 2, 3},
		{entry(`"channel":"a","revision":"https://h/c/rev/1"`), 2, 3},
		{entry(`"channel":"a","from":"20130102","to":"20130101","revision":"https://h/c/rev/1"`), 2, 3},
		{entry(`"channel":7`), 2, 14},
		{entry(`"channel":""`), 2, 14},
		{entry(`"channel":"a", "channel":"a"`), 2, 19},
		{entry(`"from":"2013"`), 2, 11},
		{entry(`"to":"2013-01-01"`), 2, 9},
		{entry(`"revision" : "/rev/"`), 2, 17},
		{entry(`"chanel":"a"`), 2, 4},
		{entry(`"channel":"a",}`), 2, 18},
		{entry(`"channel":nightly`), 2, 15},
	} {
		_, err := revision.ParseCalendar([]byte(tt.text))
		if e, ok := errors.AsType[*filter.DocumentError](err); !ok || e.Line != tt.line || e.Column != tt.column {
			t.Errorf("%s: %v, want an error at %d:%d", tt.text, err, tt.line, tt.column)
		}
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add([]byte(calendar))
	f.Add([]byte(`{"revisions": [{"channel": "nightly", "from": "2013"}]} x`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := revision.ParseCalendar(data)
		if err != nil {
			if e, ok := errors.AsType[*filter.DocumentError](err); !ok || e.Line < 1 || e.Column < 1 {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if url, ok := c.Resolve("nightly", "20130601", ""); ok {
			if _, err := revision.ParseID(url); err != nil {
				t.Fatal(err)
			}
		}
	})
}
