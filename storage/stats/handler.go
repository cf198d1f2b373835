package stats

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"time"
)

//go:embed page
var page embed.FS

// Limits of the page's events.
const (
	maxViewers = 32
	topValues  = 10 // of each dimension
)

// Handler serves a set: a page at /, its counts as JSON at /stats, as server-sent events once a second at /events, and for
// Prometheus at /metrics. No request changes anything. Clients that read events end when the request's context does.
func Handler(set *Set) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is a constant
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		_ = enc.Encode(set.Snapshot(time.Now(), 0)) // if the client has gone, so be it
	})
	mux.Handle("GET /metrics", metrics(set))
	mux.Handle("GET /events", &events{set: set, free: make(chan struct{}, maxViewers)})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// Serve serves Handler at l until ctx is done, and closes l.
func Serve(ctx context.Context, l net.Listener, set *Set) error {
	srv := &http.Server{
		Handler:           Handler(set),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients do wrong is theirs
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // nobody waits for the end of an answer
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// events sends a snapshot each second.
type events struct {
	set  *Set
	free chan struct{}
}

func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case e.free <- struct{}{}:
		defer func() { <-e.free }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many viewers", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		text, err := json.Marshal(e.set.Snapshot(time.Now(), topValues))
		if err != nil {
			return
		}
		_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // without one, the server's holds
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
