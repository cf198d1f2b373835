package revision_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
)

func TestParseID(t *testing.T) {
	long := strings.Repeat("a", 65)
	for url, want := range map[string]revision.ID{
		"https://hg.mozilla.org/mozilla-central/rev/26cb30a532a1":       {"hg.mozilla.org", "mozilla-central", "26cb30a532a1"},
		"http://hg.mozilla.org/releases/mozilla-beta/rev/0123abc/":      {"hg.mozilla.org", "releases/mozilla-beta", "0123abc"},
		"https://localhost:8080/a/rev/b/rev/" + strings.Repeat("c", 40): {"localhost:8080", "a/rev/b", strings.Repeat("c", 40)},
		"https://x/A.b_c-d/rev/0":                                       {"x", "A.b_c-d", "0"},
	} {
		id, err := revision.ParseID(url)
		if err != nil || id != want {
			t.Errorf("ParseID(%q) = %+v, %v, want %+v", url, id, err, want)
		}
		if again, err := revision.ParseID(id.String()); err != nil || again != id {
			t.Errorf("%q is of %+v, not %+v, %v", id, again, id, err)
		}
	}
	for _, url := range []string{
		"", "/rev/", "rev", "ftp://h/a/rev/1", "HTTPS://h/a/rev/1", "https://h", "https://h/", "https://h/rev/1", "https://h//rev/1",
		"https:///a/rev/1", "https://u@h/a/rev/1", "https://.h/a/rev/1", "https://h\\x/a/rev/1", "https://h?q/a/rev/1",
		"https://h/a/rev/", "https://h/a/rev/1//", "https://h/a/rev/x", "https://h/a/rev/AB", "https://h/a/rev/1?x", "https://h/a/rev/1#x",
		"https://h/../a/rev/1", "https://h/a/../b/rev/1", "https://h/./rev/1", "https://h/a//b/rev/1", "https://h/.hg/rev/1", "https://h/a/rev/..",
		"https://h/a b/rev/1", "https://h/a%2fb/rev/1", "https://h/a\\b/rev/1", "https://h/a:b/rev/1", "https://h/\x00/rev/1", "https://h/é/rev/1",
		"https://h/a/histograms.JSON/rev/1", "https://h/" + long + "/rev/1", "https://" + long + "/a/rev/1",
		"https://h/a/rev/" + strings.Repeat("1", 41), "https://h/" + strings.Repeat("a/", 500) + "a/rev/1", "https://h/a/rev/1\n",
	} {
		id, err := revision.ParseID(url)
		if e, ok := errors.AsType[*revision.URLError](err); !ok || e.Reason == "" {
			t.Errorf("ParseID(%q) = %+v, %v, want a URLError", url, id, err)
		}
	}
}

// TestFixtureURLs: what the converter of 2013 read, and what it should not have.
func TestFixtureURLs(t *testing.T) {
	var doc struct {
		Tests   [][3]string `json:"valid_from_tests"`
		Derived [][3]string `json:"valid_derived"`
		Invalid []string
		Hostile [][3]any
	}
	if err := json.Unmarshal(testkit.ReadFixture(t, "telemetry-server/revision-cache/urls.json"), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(doc.Tests, doc.Derived...) {
		id, err := revision.ParseID(c[0])
		if err != nil || id.Repo != c[1] || id.Node != c[2] {
			t.Errorf("ParseID(%q) = %+v, %v, want %q", c[0], id, err, c[1:])
		} else if want := c[1] + "/" + c[2] + "/Histograms.json"; id.File() != want {
			t.Errorf("%q is kept in %q, want %q", c[0], id.File(), want)
		}
	}
	for _, url := range doc.Invalid {
		if id, err := revision.ParseID(url); err == nil {
			t.Errorf("ParseID(%q) = %+v, want an error", url, id)
		}
	}
	for _, c := range doc.Hostile {
		url, parts := c[0].(string), c[1].([]any)
		refuse := strings.Contains(c[2].(string), "must be refused")
		if id, err := revision.ParseID(url); (err != nil) != refuse || err == nil && (id.Repo != parts[0] || id.Node != parts[1]) {
			t.Errorf("ParseID(%q) = %+v, %v: %s", url, id, err, c[2])
		}
	}
}

// FuzzParseID: the file of an ID is below the directory, and not a directory for others.
func FuzzParseID(f *testing.F) {
	f.Add("https://hg.mozilla.org/releases/mozilla-beta/rev/26cb30a532a1/")
	f.Add("http://x/a/rev/b/rev/abc")
	f.Add("https://x/../../../etc/rev/abc")
	f.Fuzz(func(t *testing.T, url string) {
		id, err := revision.ParseID(url)
		if err != nil {
			if _, ok := errors.AsType[*revision.URLError](err); !ok {
				t.Fatalf("error %#v", err)
			}
			return
		}
		file := id.File()
		if !fs.ValidPath(file) || strings.Count(file, "Histograms.json") != 1 || strings.Contains(file, "/.") || file[0] == '.' || len(file) > 500 {
			t.Fatalf("%q has the file %q", url, file)
		}
		if again, err := revision.ParseID(id.String()); err != nil || again != id {
			t.Fatalf("%q is of %+v, not %+v, %v", id, again, id, err)
		}
	})
}
