package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage/receive"
	"github.com/telemetry-mr/mr/storage/stats"
)

const receiveUsage = `usage: mr receive [flags]

Takes in submissions, POST /submit/telemetry/ID or, after ID,
/REASON/APP/VERSION/CHANNEL/BUILD, and appends them to raw logs. 200 means on the
disk. GET /status answers OK. It stops at SIGTERM, when it has answered what has come.

    --config FILE     JSON with the keys of the server of 2013 and some more; the
                      message about an unknown key lists them. Flags win
    --listen ADDR     address and port (default :8080)
    --dir DIR         of the raw logs; it must exist (default: the current one)
    --format v3|v2|v1
                      v3 has checksums (default); v2 and v1 are those of 2013
    --keep-address    keep the client's address with each submission; v2 does
    --trust NET       proxies whose X-Forwarded-For is believed: an address, or a
                      network such as 10.0.0.0/8. May come several times
    --max-body SIZE   longest body that is kept (default 200K); longer ones are
                      answered 202, for clients would send them again
    --max-log-size SIZE
                      a file that is larger is finished (default 500M)
    --max-log-age D   a file that is older is finished (default 5m)
    --max-connections N
                      at once; others wait (default 4096)
    --tls-cert FILE   certificate, for HTTPS
    --tls-key FILE    its key
    --request-log FILE
                      gets a line of JSON for each request; it may be renamed
    --stats ADDR      address and port of a page with live statistics; also /stats
                      as JSON, /metrics for Prometheus (default: none)
    --converter-stats FILE
                      statistics of mr ingest, to be on that page
    --no-sync         answer before the submission is on the disk: only to measure
                      what syncing costs

Exit status: 0 stopped, 1 failed, 2 wrong usage, 75 another receiver has the directory.
`

// receiveFlags sets c by the arguments.
func receiveFlags(c *receive.Config) (fs *flag.FlagSet, file *string) {
	fs = newFlags("receive")
	file = fs.String("config", "", "")
	fs.StringVar(&c.Listen, "listen", c.Listen, "")
	fs.StringVar(&c.LogPath, "dir", c.LogPath, "")
	fs.StringVar(&c.Format, "format", c.Format, "")
	fs.BoolVar(&c.IncludeIP, "keep-address", c.IncludeIP, "")
	fs.Func("trust", "", func(v string) error {
		c.TrustedProxies = append(c.TrustedProxies, v)
		return nil
	})
	fs.Var((*size)(&c.MaxDataLength), "max-body", "")
	fs.Var((*size)(&c.MaxLogSize), "max-log-size", "")
	fs.Func("max-log-age", "", func(v string) error {
		d, err := time.ParseDuration(v)
		c.MaxLogAgeMS = d.Milliseconds()
		return err
	})
	fs.Int64Var(&c.MaxConnections, "max-connections", c.MaxConnections, "")
	fs.StringVar(&c.TLSCert, "tls-cert", c.TLSCert, "")
	fs.StringVar(&c.TLSKey, "tls-key", c.TLSKey, "")
	fs.StringVar(&c.RequestLog, "request-log", c.RequestLog, "")
	fs.StringVar(&c.StatsListen, "stats", c.StatsListen, "")
	fs.StringVar(&c.ConverterStats, "converter-stats", c.ConverterStats, "")
	fs.BoolVar(&c.NoSync, "no-sync", false, "")
	return fs, file
}

// receiveFlagNames makes the flags of the keys that they set.
var receiveFlagNames = strings.NewReplacer(
	"max_connections", "--max-connections", "max_log_age_ms", "--max-log-age", "max_log_size", "--max-log-size",
	"max_data_length", "--max-body", "tls_cert", "--tls-cert", "tls_key", "--tls-key", "format \"", "--format \"",
)

// receiveConfig is what the arguments say, on top of the file that they name.
func receiveConfig(env env, args []string) (c receive.Config, done bool, err error) {
	c = receive.DefaultConfig()
	flags, file := receiveFlags(&c)
	if done, err := parse(env, flags, receiveUsage, args); done || err != nil {
		return c, done, err
	}
	if flags.NArg() > 0 {
		return c, false, usagef("receive takes no arguments: %q", flags.Arg(0))
	}
	if *file != "" {
		document, err := os.ReadFile(*file)
		if err != nil {
			return c, false, usagef("reading the configuration: %v", err)
		}
		c = receive.DefaultConfig()
		if err := c.Parse(document); err != nil {
			return c, false, usagef("%s:%v", *file, err)
		}
		flags, _ := receiveFlags(&c)
		if _, err := parse(env, flags, receiveUsage, args); err != nil {
			return c, false, err
		}
	}
	if err := c.Check(); err != nil {
		text := err.Error()
		if *file == "" {
			text = receiveFlagNames.Replace(text)
		}
		return c, false, usagef("%s", text)
	}
	return c, false, nil
}

func receiveLogs(ctx context.Context, env env, args []string) error {
	c, done, err := receiveConfig(env, args)
	if done || err != nil {
		return err
	}
	c.Logf = func(format string, args ...any) { fmt.Fprintf(env.stderr, "mr: "+format+"\n", args...) }
	log, err := receive.OpenLog(c)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("%v", err).hint("make the directory; --dir names it")
	}
	if err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(c.MemoryLimit())
	}
	return errors.Join(answer(ctx, c, log), log.Close())
}

func answer(ctx context.Context, c receive.Config, log *receive.Log) error {
	var observers []func(*receive.Request)
	if c.RequestLog != "" {
		requests := receive.NewRequestLog(c)
		defer requests.Close()
		observers = append(observers, requests.Add)
	}
	if c.StatsListen != "" {
		set := stats.NewSet(time.Now())
		l, err := net.Listen("tcp", c.StatsListen)
		if err != nil {
			return usagef("--stats: %v", err)
		}
		c.Logf("statistics at http://%s/", l.Addr())
		ctx, cancel := context.WithCancel(ctx)
		var shown sync.WaitGroup
		defer shown.Wait()
		defer cancel()
		shown.Go(func() { showStats(ctx, c, l, set) })
		observers = append(observers, receive.Count(set))
	}
	server, err := receive.NewServer(c, log, func(r *receive.Request) {
		for _, o := range observers {
			o(r)
		}
	})
	if err != nil {
		return err
	}
	l, err := receive.Listen(c)
	if err != nil {
		return usagef("%v", err)
	}
	if c.MOTD != "" {
		c.Logf("%s", c.MOTD)
	}
	c.Logf("receiving at %s", l.Addr())
	return server.Serve(ctx, l)
}

// showStats serves statistics until ctx is done. Without them, receiving goes on.
func showStats(ctx context.Context, c receive.Config, l net.Listener, set *stats.Set) {
	var following sync.WaitGroup
	defer following.Wait()
	if c.ConverterStats != "" {
		following.Go(func() { stats.Follow(ctx, set, c.ConverterStats) })
	}
	if err := stats.Serve(ctx, l, set); err != nil {
		c.Logf("statistics: %v", err)
	}
}
