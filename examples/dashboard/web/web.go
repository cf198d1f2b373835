// Package web serves a dashboard: the page, which is part of the program, and the files of the site that it draws.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var page embed.FS

// Handler serves the page at /, and the files of a site under /data/.
func Handler(site fs.FS) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is right
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /data/", http.StripPrefix("/data/", http.FileServerFS(site)))
	return mux
}
