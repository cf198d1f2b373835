package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/telemetry-mr/mr/examples/dashboard/publish"
	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// update makes the deltas of days of submission. A day that has one gets another in its place.
func update(ctx context.Context, args []string) error {
	fs := newFlags("update")
	data := fs.String("data", ".", "the `store`")
	state := fs.String("state", "", "`directory` of the deltas, one for each day of submission")
	day := fs.String("day", "yesterday", "`days` of submission: 20131101, 20131101..20131107, -7d..yesterday (of UTC)")
	maxBad := fs.String("max-bad", "0", "bad records to put up with on a day, a `number or percentage`")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	if *state == "" {
		return fmt.Errorf("--state names the directory of the deltas: %w", errUsage)
	}
	budget, err := mapreduce.ParseBudget(*maxBad)
	if err != nil {
		return fmt.Errorf("--max-bad %s: %w: %w", *maxBad, err, errUsage)
	}
	unlock, err := publish.Lock(*state)
	if err != nil {
		return err
	}
	defer unlock()
	tree, err := storage.Open(*data)
	if err != nil {
		return err
	}
	defer tree.Close()
	days, err := submissionDays(tree, *day)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, d := range days {
		stats, err := mapreduce.Run(ctx, mapreduce.Command(self, "job"), mapreduce.Config{
			Data:   *data,
			Filter: filter.Filter{submissionDate: filter.OneOf(d)},
			Output: publish.DeltaName(*state, d),
			MaxBad: budget,
		})
		if err != nil {
			return fmt.Errorf("day %s: %w", d, err)
		}
		if err := publish.WriteManifest(*state, d, stats); err != nil {
			return err
		}
	}
	return nil
}

const submissionDate = "submission_date"

// submissionDays lists the days of submission in a store that an expression selects.
func submissionDays(tree *storage.Tree, expr string) ([]string, error) {
	f, err := tree.Schema().FilterOptions(time.Now()).ParseExpr(submissionDate + "=" + expr)
	if err != nil {
		return nil, fmt.Errorf("--day %s: %w: %w", expr, err, errUsage)
	}
	days := map[string]bool{}
	for file, err := range tree.Files(f) {
		if err != nil {
			continue // the run will tell
		}
		days[file.Dims.Get(submissionDate)] = true
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("%s has no pings of %s: %w", tree.Dir(), expr, mapreduce.ErrNoInput)
	}
	return slices.Sorted(maps.Keys(days)), nil
}
