package mapreduce

import (
	"cmp"
	"context"
	"sync/atomic"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// reduceAll does the reduce tasks, checks their account, and returns their rows. If the output is a file, they are joined to it
// meanwhile; a stream gets nothing before all has gone well.
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
	var left atomic.Int64 // tasks
	left.Store(int64(len(tasks)))
	var out *joiner
	if r.cfg.Output != "" {
		var err error
		if out, err = r.beginFile(len(tasks)); err != nil {
			return nil, err
		}
	}
	do := func(ctx context.Context, w worker.Worker, n int, prefix string) error {
		t := tasks[n]
		t.Prefix, t.Careful = prefix, tried[n] // what has killed a worker may do so again, and is to be named then
		tried[n] = true
		res, err := w.Reduce(ctx, t, meters[n].reducing)
		if err != nil {
			return err
		}
		parts[n], reduced[n] = res.Rows, res
		meters[n].finish(res.Counters[cRead], 0)
		if out == nil {
			return nil
		}
		if left.Add(-1) == 0 {
			r.meter.join(r.outputBytes(parts), &out.done)
		}
		return out.add(ctx, n, res.Rows)
	}
	err := r.pool.run(ctx, stage{name: "reduce", costs: make([]int64, len(tasks)), do: do})
	r.stats.ReduceTasks = len(tasks)
	for _, m := range reduced {
		r.stats.addReduce(m)
	}
	if out != nil {
		r.stats.Output = out.done.Load()
		err = cmp.Or(err, out.finish())
	}
	if err != nil {
		return nil, err
	}
	return parts, r.stats.checkReduce()
}
