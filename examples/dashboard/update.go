package main

import (
	"context"
	"errors"
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
	u := updater{data: *data, state: *state, budget: budget}
	if u.program, err = os.Executable(); err != nil {
		return err
	}
	for _, b := range batches(days) {
		if err := u.update(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// An updater makes deltas.
type updater struct {
	data, state, program string

	budget mapreduce.Budget // of a day
}

// update makes the deltas of some days in one run. If there are bad records, it does one day after the other, so that each has
// an account and a budget of its own.
func (u *updater) update(ctx context.Context, days []day) error {
	if len(days) == 1 {
		if err := u.run(ctx, days, u.budget); err != nil {
			return fmt.Errorf("day %s: %w", days[0].name, err)
		}
		return nil
	}
	err := u.run(ctx, days, mapreduce.Budget{})
	if e, ok := errors.AsType[*mapreduce.TaskError](err); !ok || !e.BadData {
		return err
	}
	for i := range days {
		if err := u.update(ctx, days[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (u *updater) run(ctx context.Context, days []day, budget mapreduce.Budget) error {
	var names []string
	var size int64
	for _, d := range days {
		names = append(names, d.name)
		size += d.size
	}
	workers := 0 // as many as there are processors
	if size < oneWorker {
		workers = 1
	}
	w := publish.NewWriter(u.state, names)
	defer w.Close()
	stats, err := mapreduce.Run(ctx, mapreduce.Command(u.program, "job"), mapreduce.Config{
		Data:    u.data,
		Filter:  filter.Filter{submissionDate: filter.OneOf(names...)},
		Stdout:  w,
		WorkDir: u.state,
		MaxBad:  budget,
		Workers: workers,
	})
	if err != nil {
		return err
	}
	return w.Commit(stats)
}

// oneWorker is how many bytes one worker has done before a second one has started and got warm.
const oneWorker = 4 << 20

const submissionDate = "submission_date"

// A day is a day of submission in a store.
type day struct {
	name string
	size int64 // bytes stored
}

// submissionDays lists the days of submission in a store that an expression selects, in order.
func submissionDays(tree *storage.Tree, expr string) ([]day, error) {
	f, err := tree.Schema().FilterOptions(time.Now()).ParseExpr(submissionDate + "=" + expr)
	if err != nil {
		return nil, fmt.Errorf("--day %s: %w: %w", expr, err, errUsage)
	}
	sizes := map[string]int64{}
	for file, err := range tree.Files(f) {
		if err != nil {
			continue // the run will tell
		}
		sizes[file.Dims.Get(submissionDate)] += file.Size
	}
	if len(sizes) == 0 {
		return nil, fmt.Errorf("%s has no pings of %s: %w", tree.Dir(), expr, mapreduce.ErrNoInput)
	}
	var days []day
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		if !publish.IsDay(name) {
			return nil, fmt.Errorf("--day %s: %s is the %s of files of %s, but no day; leave it out: %w", expr, name, submissionDate, tree.Dir(), errUsage)
		}
		days = append(days, day{name, sizes[name]})
	}
	return days, nil
}

// batches are the days to do in one run: starting one costs more than a day that is small.
func batches(days []day) [][]day {
	const enough = 256 << 20
	var all [][]day
	size := int64(enough)
	for _, d := range days {
		if size >= enough {
			all, size = append(all, nil), 0
		}
		all[len(all)-1] = append(all[len(all)-1], d)
		size += d.size
	}
	return all
}
