package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/telemetry-mr/mr/examples/dashboard/web"
)

// serve serves a site to this machine.
func serve(ctx context.Context, args []string) error {
	fs := newFlags("serve")
	listen := fs.String("listen", "127.0.0.1:8080", "`address`")
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	return serveSite(ctx, fs.Arg(0), *listen)
}

// serveSite serves a site until ctx is done.
func serveSite(ctx context.Context, dir, listen string) error {
	site, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer site.Close()
	if _, err := site.Stat("versions.json"); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no versions.json: publish makes a site", dir)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "dashboard: http://%s/\n", l.Addr())
	server := &http.Server{Handler: web.Handler(site.FS()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // the files stay
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
