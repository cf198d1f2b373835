package mapreducetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/storage"
)

// A candidate is a key and values that it might have, for Reduce.
type candidate struct {
	key    any
	values []any
}

// rows returns the rows that the job makes of each candidate, all in one run; instead of rows, an error or a panic of Reduce.
func (c *check) rows(ctx context.Context, candidates []candidate) ([]string, error) {
	texts := make([]string, len(candidates))
	if len(candidates) == 0 {
		return texts, nil
	}
	mark := fmt.Sprintf("\x01%016x", c.rng.Uint64())
	done := false
	job := mapreduce.Job[int, int]{
		Map: func(_ storage.Record, out *mapreduce.Emitter[int, int]) error {
			for i := range candidates {
				if !done {
					out.Emit(i, i)
				}
			}
			done = true
			return nil
		},
		Reduce: func(i int, _ iter.Seq[int], rows *mapreduce.Rows) error {
			rows.Add(mark)
			if err := c.reduce(candidates[i], rows); err != nil {
				texts[i] = "error: " + err.Error() + "\n"
			}
			return nil
		},
	}
	cfg := mapreduce.Config{Data: c.store.dir, MaxBad: mapreduce.Budget{Percent: 100}, Partitions: 1}
	out, _, err := runLocal(ctx, mapreduce.Local(job), shape.Shape{}, cfg)
	if err != nil && c.opts.Format != "" && c.opts.Format != mapreduce.TSV {
		return texts, nil // a cell may have a TAB; then only the runs tell
	}
	if err != nil {
		return nil, fmt.Errorf("reducing some values on trial: %w", err)
	}
	for i, text := range strings.Split(out, mark+"\n")[1:] {
		texts[i] = text + texts[i]
	}
	return texts, nil
}

// reduce makes the rows of one candidate.
func (c *check) reduce(cand candidate, rows *mapreduce.Rows) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if !c.traits.reduce {
		rows.Add(cand.values[0])
		return nil
	}
	return c.job.reduce(cand.key, cand.values, rows)
}

// reduceOrder gives Reduce the values of each key in several orders.
func (c *check) reduceOrder(ctx context.Context, groups []group) error {
	var cand []candidate
	for len(groups) > 0 && len(cand) < mostGroups*(1+trees) {
		// The first of the keys that differ in their order fields only. Values of each of these stay together.
		n, err := c.job.groupLen(groups[0].coded)
		if err != nil {
			return err
		}
		prefix := groups[0].coded[:n]
		end := 1
		for end < len(groups) && bytes.HasPrefix(groups[end].coded, prefix) {
			end++
		}
		for try := range 1 + trees {
			values, err := c.someOrder(groups[:end], try > 0)
			if err != nil {
				return err
			}
			cand = append(cand, candidate{groups[0].key, values})
		}
		groups = groups[end:]
	}
	rows, err := c.rows(ctx, cand)
	if err != nil {
		return err
	}
	for i := range cand {
		first := i - i%(1+trees)
		if rows[i] != rows[first] {
			return faultf("Reduce depends on the order of its values: key %s\n  %s\n  %s\n%s"+
				"if it is to, the job has to say so with Ordered: true; then values come in the order of the input",
				show(cand[i].key), showAll(cand[first].values), showAll(cand[i].values), diff("- in the first order, + in the second", rows[first], rows[i]))
		}
	}
	return nil
}

// someOrder decodes the values of keys, those of each key in another order if they are to be shuffled.
func (c *check) someOrder(groups []group, shuffled bool) ([]any, error) {
	var all []any
	for _, g := range groups {
		order := make([]int, len(g.values))
		for i := range order {
			order[i] = i
		}
		if shuffled {
			order = c.rng.Perm(len(order))
		}
		for _, n := range order {
			v, err := c.job.decode(g.values[n])
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	}
	return all, nil
}

func showAll(values []any) string {
	const most = 8
	var list []string
	for i, v := range values {
		if i == most {
			list = append(list, fmt.Sprintf("and %d more", len(values)-most))
			break
		}
		list = append(list, show(v))
	}
	return strings.Join(list, ", ")
}
