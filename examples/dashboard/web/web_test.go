package web_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestHandler(t *testing.T) {
	url, dir := serveSite(t)
	folders, err := filepath.Glob(filepath.Join(dir, "*-27-nightly-*"))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	folder := "/data/" + filepath.Base(folders[0]) + "/"
	outside := filepath.Join(t.TempDir(), "outside.json")
	if err := os.WriteFile(outside, []byte("secret"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.json")); err != nil {
		t.Log("no link to follow:", err)
	}
	for _, c := range []struct {
		path, accept string
		status       int
		contentType  string
		encoding     string
		caching      string
	}{
		{"/", "", 200, "text/html; charset=utf-8", "", "no-cache"},
		{"/app.js", "", 200, "text/javascript; charset=utf-8", "", "no-cache"},
		{"/vendor/LICENSE", "", 200, "text/plain; charset=utf-8", "", "no-cache"},
		{"/data/versions.json", "", 200, "application/json", "", "no-cache"},
		{"/data/versions.json", "br, gzip", 200, "application/json", "gzip", "no-cache"},
		{"/data/versions.json", "gzip;q=0", 200, "application/json", "", "no-cache"},
		{folder + "leaves.json", "", 200, "application/json", "", "public, max-age=31536000, immutable"},
		{folder + "leaves.json", "gzip;q=0.5", 200, "application/json", "gzip", "public, max-age=31536000, immutable"},
		{folder + "NOBODY.json", "", 404, "", "", ""},
		{folder, "", 404, "", "", ""},
		{"/data/", "", 404, "", "", ""},
		{"/data/.lock", "", 404, "", "", ""},
		{"/data/%2e%2e/%2e%2e/etc/passwd", "", 404, "", "", ""},
		{"/data/x/..%2f..%2f..%2fetc%2fpasswd", "", 404, "", "", ""},
		{"/data/link.json", "", 404, "", "", ""},
	} {
		answer, body := get(t, url+c.path, "Accept-Encoding", c.accept)
		h := answer.Header
		if answer.StatusCode != c.status || h.Get("Content-Encoding") != c.encoding || h.Get("Cache-Control") != c.caching ||
			c.contentType != "" && h.Get("Content-Type") != c.contentType {
			t.Errorf("%s for %q: %d %v, want %+v", c.path, c.accept, answer.StatusCode, h, c)
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'self';") || strings.Contains(body, "secret") {
			t.Errorf("%s: %v %s", c.path, h, body)
		}
	}
	answer, _ := get(t, url+"/data/site.json")
	if again, _ := get(t, url+"/data/site.json", "If-None-Match", answer.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("the same file again: %s", again.Status)
	}
}
