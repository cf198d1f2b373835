package main

import (
	"context"
	"fmt"
	"os"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
)

// publishSite makes the site of all deltas in a state.
func publishSite(ctx context.Context, args []string) error {
	fs := newFlags("publish")
	state := fs.String("state", "", "`directory` of the deltas")
	site := fs.String("site", "", "`directory` of the files to be served; other files in it are left alone")
	definitions := fs.String("definitions", "", "`Histograms.json`, or a directory with nightly-27.json, ..., default.json")
	revisions := fs.String("revisions", "", "`directory` with REPO/NODE/Histograms.json, as mr revisions fetch and mr ingest --revisions fill it: a measure "+
		"is defined as in the newest build of its release that pings name and the directory has; --definitions is for what is not there")
	compress := fs.Bool("gzip", false, "write each file with .gz behind its name, too")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	if *state == "" || *site == "" || *definitions == "" && *revisions == "" {
		return fmt.Errorf("--state, --site, and --definitions or --revisions are required: %w", errUsage)
	}
	var source publish.Source
	if *definitions != "" {
		source = publish.Files(*definitions)
	}
	if *revisions != "" {
		r, err := publish.OpenRevisions(*revisions, source)
		if err != nil {
			return fmt.Errorf("--revisions: %w", err)
		}
		defer r.Close()
		source = r
	}
	for _, dir := range []string{*state, *site} {
		unlock, err := publish.Lock(dir)
		if err != nil {
			return err
		}
		defer unlock()
	}
	done, err := publish.Publish(ctx, publish.Options{
		State: *state, Site: *site, Definitions: source, Compress: *compress,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "dashboard: %d pings of %s to %s, %d releases\n", done.Pings, done.FirstDay, done.LastDay, len(done.Releases))
	for _, d := range done.Dropped {
		fmt.Fprintf(os.Stderr, "dashboard: dropped %d histograms of %d measures: %s\n", d.Pings, len(d.Measures), d.Reason)
	}
	return nil
}
