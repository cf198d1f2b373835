package receive_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"testing"

	"github.com/telemetry-mr/mr/storage/receive"
)

// TestMain is also the receiver that other tests start, and kill, and the clients that are to be withstood.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RECEIVE_INTO"); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if addr := os.Getenv("ABUSE"); addr != "" {
		if err := misbehave(addr, os.Getenv("ABUSE_HOW")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child receives into a directory until SIGTERM. Its first line says where.
func child(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c := receive.DefaultConfig()
	c.LogPath = dir
	c.Listen = "127.0.0.1:0"
	c.MaxLogSize = 1 << 20
	debug.SetMemoryLimit(c.MemoryLimit())
	log, err := receive.OpenLog(c)
	if err != nil {
		return err
	}
	r, err := receive.NewServer(c, log, nil)
	if err != nil {
		return err
	}
	l, err := receive.Listen(c)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	if err := r.Serve(ctx, l); err != nil {
		return err
	}
	return log.Close()
}
