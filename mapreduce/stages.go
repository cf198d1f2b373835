package mapreduce

import (
	"cmp"
	"context"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

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
	tried := make([]bool, len(tasks))
	do := func(ctx context.Context, w worker.Worker, n int, dir string) error {
		t := tasks[n]
		t.Dir, t.Careful = dir, tried[n] // what has killed a worker may do so again, and is to be named then
		tried[n] = true
		res, err := w.Reduce(ctx, t, meters[n].reducing)
		if err != nil {
			return err
		}
		parts[n], reduced[n] = res.Rows, res
		meters[n].finish(res.Counters[cRead], 0)
		return nil
	}
	err := r.pool.run(ctx, stage{name: "reduce", costs: make([]int64, len(tasks)), do: do})
	r.stats.ReduceTasks = len(tasks)
	for _, m := range reduced {
		r.stats.addReduce(m)
	}
	if err != nil {
		return nil, err
	}
	return parts, r.stats.checkReduce()
}
