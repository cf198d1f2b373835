package main

import (
	"context"
	"errors"
	"fmt"
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
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "dashboard: http://%s/\n", l.Addr())
	server := &http.Server{Handler: web.Handler(os.DirFS(fs.Arg(0))), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // the files stay
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
