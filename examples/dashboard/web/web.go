// Package web serves a dashboard: the page, which is part of the program, and the files of the site that it draws.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed page
var page embed.FS

// policy lets the page load what this server sends and nothing else, and run no code that is inside of HTML.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Handler serves the page at /, and the regular files of a site under /data/ but for hidden ones. Files in the folders of a site
// never change, so browsers may keep them. A file that has another beside it with .gz at the end of its name is sent compressed to
// those who take it. Site should not lead out of its directory: an os.Root sees to that.
func Handler(site fs.FS) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is right
	}
	mux := http.NewServeMux()
	mux.Handle("GET /data/", http.StripPrefix("/data/", handler{site, siteCaching}))
	mux.Handle("GET /", handler{files, func(string) string { return "no-cache" }})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}

func siteCaching(name string) string {
	if strings.Contains(name, "/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// A handler serves the files of a file system.
type handler struct {
	files   fs.FS
	caching func(name string) string
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if !fs.ValidPath(name) || isHidden(name) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if takesGzip(r) {
		if content, err := h.open(name + ".gz"); err == nil {
			defer content.Close()
			w.Header().Set("Content-Encoding", "gzip")
			h.serve(w, r, name, content)
			return
		}
	}
	content, err := h.open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer content.Close()
	h.serve(w, r, name, content)
}

// open opens a regular file.
func (h handler) open(name string) (fs.File, error) {
	if info, err := fs.Stat(h.files, name); err != nil || !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist // also for what open would wait for, a named pipe
	}
	f, err := h.files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // only opened
		return nil, fs.ErrNotExist
	}
	return f, nil
}

// serve sends a file. Its tag is from its content: files are replaced in less time than the clocks of file systems tell.
func (h handler) serve(w http.ResponseWriter, r *http.Request, name string, f fs.File) {
	content, err := io.ReadAll(f)
	if err != nil {
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", fmt.Sprintf("%q", hex.EncodeToString(sum[:16])))
	w.Header().Set("Cache-Control", h.caching(name))
	w.Header().Set("Content-Type", contentType(name))
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// contentType does not ask what the machine makes of a name where the page depends on it.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".css", ".html", ".svg":
		return mime.TypeByExtension(ext)
	}
	return "text/plain; charset=utf-8"
}

func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

func takesGzip(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		encoding, quality, _ := strings.Cut(strings.TrimSpace(accepted), ";")
		if encoding == "gzip" {
			q := strings.TrimSpace(quality)
			return !strings.HasPrefix(q, "q=0") || strings.Trim(q, "q=0.") != ""
		}
	}
	return false
}
