package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/telemetry-mr/mr/cmd/mr/internal/gen"
)

const genUsage = `usage: mr gen [flags] DIR

Makes a store of made-up telemetry pings in DIR, which must not exist or be empty. The
same flags make the same bytes. With --raw it makes raw logs of the same pings, DIR/raw,
and the definitions of their histograms, DIR/revisions:

    mr ingest --raw DIR/raw --revisions DIR/revisions --data STORE

    --pings N         records (default: by variant)
    --files N         files of the store (default: by variant)
    --seed S          another store of the same kind (default 1)
    --variant std|small|skew
                      the kind of store: std has files of all sizes, about 1 GB of
                      records by default; small 100,000 files of one record; in skew
                      one file has 80 % (default std)
    --codec zstd|gzip|plain
                      how the files are packed (default zstd)
    --raw             raw logs, as browsers send pings: not converted, gzip, of several
                      payload versions
    --bad P%          with --raw, pings with something wrong (default 0%)
`

func generate(ctx context.Context, env env, args []string) error {
	o := gen.Options{}
	fs := newFlags("gen")
	fs.IntVar(&o.Pings, "pings", 0, "")
	fs.IntVar(&o.Files, "files", 0, "")
	fs.Uint64Var(&o.Seed, "seed", 1, "")
	fs.StringVar(&o.Variant, "variant", "std", "")
	fs.StringVar(&o.Codec, "codec", "zstd", "")
	raw := fs.Bool("raw", false, "")
	bad := fs.String("bad", "0%", "")
	if done, err := parse(env, fs, genUsage, args); done || err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return usagef("gen takes one argument, the directory to make")
	}
	o.Dir = fs.Arg(0)
	if err := o.Check(); err != nil {
		return usagef("%v", err)
	}
	if percent, err := strconv.ParseFloat(strings.TrimSuffix(*bad, "%"), 64); err != nil || !(percent >= 0 && percent <= 100) {
		return usagef("--bad is a percentage such as 4.5%%, not %q", *bad)
	} else {
		o.Bad = int(percent * 10_000)
	}
	if *raw {
		stats, err := gen.RunRaw(ctx, o)
		if err != nil {
			return err
		}
		tell(env, stats, counted(int64(stats.Files), "raw log", "raw logs"), "of JSON")
		return nil
	}
	if isSet(fs, "bad") {
		return usagef("--bad goes with --raw")
	}
	stats, err := gen.Run(ctx, o)
	if errors.Is(err, gen.ErrNotEmpty) {
		return usagef("%v", err).hint("choose another directory, or remove it")
	}
	if err != nil {
		return err
	}
	tell(env, stats, counted(int64(stats.Files), "file", "files"), "decoded")
	return nil
}

// tell says what was made.
func tell(env env, s gen.Stats, files, content string) {
	fmt.Fprintf(env.stderr, "mr: %s in %s, %s stored, %s %s\n", counted(int64(s.Pings), "ping", "pings"), files, bytesText(s.StoredBytes), bytesText(s.Bytes), content)
}
