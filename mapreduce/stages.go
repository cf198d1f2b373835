package mapreduce

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// mapAll does the map tasks and checks their account.
func (r *run) mapAll(ctx context.Context) ([]worker.MapResult, error) {
	taskSize := cmp.Or(r.shape.TaskBytes, taskBytes(r.files))
	tasks := planMap(divide(r.tree, r.files, taskSize), taskSize, r.shape.TaskFiles)
	var size int64
	for _, f := range r.files {
		size += f.Size
	}
	meters := r.meter.begin(MapPhase, len(tasks), size)
	costs := make([]int64, len(tasks))
	for i, t := range tasks {
		costs[i], meters[i].files = mapCost(t), endsIn(t)
	}
	results := make([]worker.MapResult, len(tasks))
	var bad atomic.Int64
	err := r.pool.run(ctx, "map", costs, func(ctx context.Context, w worker.Worker, n int, dir string) error {
		t := tasks[n]
		t.Dir, t.MaxBad = dir, r.cfg.MaxBad.limit()
		res, err := w.Map(ctx, t, meters[n].mapping)
		if err != nil {
			return err
		}
		results[n] = res
		meters[n].finish(res.Counters[cStored], res.Counters[cLines])
		if total := bad.Add(res.Counters[cBad]); r.cfg.MaxBad.Percent == 0 && total > r.cfg.MaxBad.N {
			return r.tooManyBad(total, res.Bad)
		}
		return nil
	})
	r.stats.MapTasks = len(tasks)
	noteInputs(r.stats.Inputs, tasks, results)
	for _, m := range results {
		r.stats.addMap(m)
	}
	if err != nil {
		return nil, err
	}
	if r.cfg.MaxBad.Exceeded(r.stats.Bad, r.stats.Lines) {
		return nil, r.tooManyBad(r.stats.Bad, nil)
	}
	return results, r.stats.checkMap(r.files, r.job.MapOnly)
}

// tooManyBad is the end of a run with more bad records than its budget; first are some of them.
func (r *run) tooManyBad(total int64, first []worker.BadRecord) error {
	what := fmt.Sprintf("%d bad records are", total)
	if total == 1 {
		what = "one bad record is"
	}
	err := &TaskError{BadData: true, Msg: what + " more than allowed"}
	if len(first) == 0 && len(r.stats.BadRecords) > 0 {
		first = []worker.BadRecord{worker.BadRecord(r.stats.BadRecords[0])}
	}
	if len(first) > 0 {
		err.Path, err.Line = first[0].Path, first[0].Line
		err.Msg = fmt.Sprintf("%s (%s)", first[0].Reason, err.Msg)
	}
	return err
}

// reduceAll does the reduce tasks and checks their account.
func (r *run) reduceAll(ctx context.Context, results []worker.MapResult) ([]worker.Rows, error) {
	var runs []worker.Run
	for _, m := range results {
		runs = append(runs, m.Runs...)
	}
	tasks := planReduce(runs, cmp.Or(r.cfg.Partitions, partitionCount(runs, len(r.pool.slots))))
	parts := make([]worker.Rows, len(tasks))
	reduced := make([]worker.ReduceResult, len(tasks))
	meters := r.meter.begin(ReducePhase, len(tasks), r.stats.Spilled)
	err := r.pool.run(ctx, "reduce", make([]int64, len(tasks)), func(ctx context.Context, w worker.Worker, n int, dir string) error {
		t := tasks[n]
		t.Dir = dir
		res, err := w.Reduce(ctx, t, meters[n].reducing)
		if err != nil {
			return err
		}
		parts[n], reduced[n] = res.Rows, res
		meters[n].finish(res.Counters[cRead], 0)
		return nil
	})
	r.stats.ReduceTasks = len(tasks)
	for _, m := range reduced {
		r.stats.addReduce(m)
	}
	if err != nil {
		return nil, err
	}
	return parts, r.stats.checkReduce()
}
