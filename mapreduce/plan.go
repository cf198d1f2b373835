package mapreduce

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

const (
	// A map task has about a 32nd of the input, within these bounds: enough tasks to share evenly, few enough that most keys are
	// in the tables of few, and that their runs merge at once.
	minTaskBytes = 1 << 20
	maxTaskBytes = 32 << 20
	taskShare    = 32

	// fileBytes is what opening a file costs, in bytes that could be read instead.
	fileBytes = 32 << 10

	// A reduce task has at most about so many bytes of runs: while one is done, the rows of another are joined.
	maxReduceBytes = 64 << 20
	// Runs smaller than this are not worth sharing.
	minReduceBytes = 1 << 20
)

// taskBytes is the size of a map task over all of files.
func taskBytes(files []worker.File) int64 {
	var total int64
	for _, f := range files {
		total += f.Size + fileBytes
	}
	return min(max(total/taskShare, minTaskBytes), maxTaskBytes)
}

// divide puts the parts of a large file in its place, so that several workers may share it. What is not of the seekable form,
// or not whole, stays one: its reader says what is wrong with it.
func divide(tree *storage.Tree, files []worker.File, size int64) []worker.File {
	var all []worker.File
	for _, f := range files {
		parts := []storage.Part{{}}
		if f.Size > 2*size {
			if file, err := tree.File(f.Path, f.Size); err == nil {
				if p, err := file.Parts(size); err == nil {
					parts = p
				}
			}
		}
		for _, p := range parts {
			f.Part = worker.Part(p)
			all = append(all, f)
		}
	}
	return all
}

// planMap makes map tasks of about this size of files and parts, each a contiguous range of them. Only the input decides:
// values come in the order of tasks, and the same input gives the same bytes whatever does the work. A task has at most so
// many files; 0 is any number.
func planMap(files []worker.File, size int64, most int) []worker.MapTask {
	var tasks []worker.MapTask
	var sum int64
	start := 0
	for i, f := range files {
		cost := f.Bytes() + fileBytes
		if i > start && (sum+cost > size || i-start == most) {
			tasks = append(tasks, worker.MapTask{ID: len(tasks), Files: files[start:i]})
			start, sum = i, 0
		}
		sum += cost
	}
	if start < len(files) {
		tasks = append(tasks, worker.MapTask{ID: len(tasks), Files: files[start:]})
	}
	return tasks
}

func mapCost(t worker.MapTask) int64 {
	var n int64
	for _, f := range t.Files {
		n += f.Bytes() + fileBytes
	}
	return n
}

// partitionCount is how many reduce tasks share the runs when nothing else is asked for.
func partitionCount(runs []worker.Run, workers int) int {
	var total int64
	for _, r := range runs {
		total += r.Bytes
	}
	if total < minReduceBytes {
		return 1
	}
	rounds := (total/int64(workers) + maxReduceBytes - 1) / maxReduceBytes
	return workers * int(max(rounds, 1))
}

// planReduce cuts the keys of all runs into at most n ranges of about the same size. A group is never cut, so there are
// fewer ranges where the keys are few.
func planReduce(runs []worker.Run, n int) []worker.ReduceTask {
	type sample struct {
		key    []byte
		weight int64
	}
	var samples []sample
	var total int64
	bare := make([]worker.Run, len(runs))
	for i, r := range runs {
		bare[i] = worker.Run{Path: r.Path, Bytes: r.Bytes, Pairs: r.Pairs}
		for _, key := range r.Samples {
			samples = append(samples, sample{key, r.SampleBytes})
			total += r.SampleBytes
		}
	}
	slices.SortStableFunc(samples, func(a, b sample) int { return bytes.Compare(a.key, b.key) })
	var cuts [][]byte
	var sum int64
	for i, s := range samples {
		// A cut before s puts all samples before it to the left; equal keys stay together.
		fresh := i > 0 && !bytes.Equal(s.key, samples[i-1].key)
		if fresh && len(cuts)+1 < n && sum >= total/int64(n)*int64(len(cuts)+1) {
			cuts = append(cuts, s.key)
		}
		sum += s.weight
	}
	tasks := make([]worker.ReduceTask, len(cuts)+1)
	for i := range tasks {
		tasks[i] = worker.ReduceTask{ID: i, Runs: bare}
		if i > 0 {
			tasks[i].Low = cuts[i-1]
		}
		if i < len(cuts) {
			tasks[i].High = cuts[i]
		}
	}
	return tasks
}

// longestFirst returns the indices of tasks, the costliest first, so that no long task begins when the others end.
func longestFirst(costs []int64) []int {
	order := make([]int, len(costs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(costs[b], costs[a]) })
	return order
}
