package mapreduce

import (
	"cmp"
	"context"
	"sync/atomic"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// reduceAll does the reduce tasks and checks their account. It joins their rows to the output as they come; if that is a
// stream, which gets nothing before all has gone well, it returns them instead.
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
	var out *joiner
	if r.output != nil {
		var err error
		if out, err = newJoiner(r.output, r.format.header(r.job.Columns), len(tasks), new(atomic.Int64)); err != nil {
			return nil, err
		}
	}
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
		if out != nil {
			return out.add(ctx, n, res.Rows)
		}
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
	if out != nil {
		parts, r.stats.Output = nil, out.done.Load()
	}
	return parts, r.stats.checkReduce()
}
