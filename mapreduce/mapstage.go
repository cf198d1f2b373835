package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// A mapStage is the map tasks of a run under way.
//
// What a task finds to be unusable, a file or a record, may concern what other tasks have done: parts of the file. So all that
// is left aside is kept here, and whatever was done without knowing of it is done again. The results that count in the end were
// all made from the same input, so that they do not depend on who found what first.
type mapStage struct {
	r      *run
	tasks  []worker.MapTask
	meters []taskMeter

	mu       sync.Mutex // guards what follows
	results  []worker.MapResult
	done     []bool
	asked    []int // how often a task was changed by what is left aside
	aside    aside
	bad      int64                 // records of tasks that are done, and that no other task can change
	seen     map[worker.Place]int  // how often a worker was lost with a record
	innocent map[worker.Place]bool // records that a worker survives
	careful  map[int]bool          // tasks that want more memory than there is, though no record is known to
}

func newMapStage(r *run, tasks []worker.MapTask, meters []taskMeter) *mapStage {
	return &mapStage{
		r: r, tasks: tasks, meters: meters,
		results: make([]worker.MapResult, len(tasks)), done: make([]bool, len(tasks)), asked: make([]int, len(tasks)),
		aside: newAside(r.files), seen: map[worker.Place]int{}, innocent: map[worker.Place]bool{}, careful: map[int]bool{},
	}
}

// do does the n-th task, a taskFunc.
func (s *mapStage) do(ctx context.Context, w worker.Worker, n int, prefix string) error {
	t, asked := s.task(n, prefix)
	res, err := w.Map(ctx, t, s.meters[n].mapping)
	if damage, ok := errors.AsType[*worker.TaskError](err); ok && damage.Damaged {
		return s.damaged(ctx, w, n, t, damage)
	}
	if err != nil {
		return err
	}
	return s.finish(n, asked, res)
}

// task is the n-th task as it is known now.
func (s *mapStage) task(n int, prefix string) (t worker.MapTask, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t = s.tasks[n]
	t.Prefix, t.MaxBad, t.Quarantine = prefix, s.r.cfg.MaxBad.limit(), s.r.cfg.Quarantine != ""
	if t.MaxBad > 0 && !alone(t) {
		t.MaxBad = -1
	}
	t.Files, t.Careful = s.aside.without(t.Files), s.careful[n]
	return t, s.asked[n]
}

// alone reports whether a task is done once it is done: it has no part of a file in which another task may find damage.
func alone(t worker.MapTask) bool {
	return !slices.ContainsFunc(t.Files, func(f worker.File) bool { return f.Part != worker.Part{} })
}

// finish takes the result of a task, unless it was made from what is now left aside.
func (s *mapStage) finish(n, asked int, res worker.MapResult) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[n] != asked {
		return &again{[]int{n}}
	}
	s.results[n], s.done[n] = res, true
	s.meters[n].finish(res.Counters[cStored], res.Counters[cLines])
	if alone(s.tasks[n]) {
		s.bad += res.Counters[cBad]
	}
	if e := s.exceeded(); e != nil {
		return e.because(firstBad(res.Bad))
	}
	return nil
}

// exceeded says that what is bad for sure is more than is allowed; nil if it is not.
func (s *mapStage) exceeded() *excess {
	if !s.r.cfg.MaxBad.exceeded(s.bad, math.MaxInt64, s.aside.damaged(), s.aside.share()) {
		return nil
	}
	return &excess{s.bad, s.aside.damaged()}
}

// damaged leaves aside the file that the n-th task found to be damaged.
func (s *mapStage) damaged(ctx context.Context, w worker.Worker, n int, t worker.MapTask, damage *worker.TaskError) error {
	i := slices.IndexFunc(t.Files, func(f worker.File) bool { return f.Path == damage.Path })
	if i < 0 {
		return damage // it never happens
	}
	if f := t.Files[i]; f.Part != (worker.Part{}) {
		// Which part is read first is chance. What is said of the file is what one finds who reads it from its beginning.
		f.Part, f.Aside = worker.Part{}, nil
		whole := worker.MapTask{ID: t.ID, Prefix: t.Prefix, Files: []worker.File{f}, Probe: &worker.Probe{Path: f.Path, Offset: -1}}
		_, err := w.Map(ctx, whole, s.meters[n].mapping)
		if first, ok := errors.AsType[*worker.TaskError](err); ok && first.Damaged {
			damage = first
		} else if err != nil {
			return err
		}
	}
	if s.r.cfg.MaxBad.none() {
		return damage
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	redo := []int{n}
	if s.aside.addFile(damage, t.Files[i].Size) {
		for m, t := range s.tasks {
			if !slices.ContainsFunc(t.Files, func(f worker.File) bool { return f.Path == damage.Path }) {
				continue
			}
			s.asked[m]++
			if s.done[m] {
				s.results[m], s.done[m] = worker.MapResult{}, false
				redo = append(redo, m)
			}
		}
		if e := s.exceeded(); e != nil {
			return e.because(damage)
		}
	}
	return &again{redo}
}

// account adds what was done to the run's account, in the order of the input.
func (s *mapStage) account() {
	st := s.r.stats
	st.MapTasks = len(s.tasks)
	noteInputs(st.Inputs, s.tasks, s.results)
	for _, m := range s.results {
		st.addMap(m)
		if m.Quarantine != nil {
			s.r.badParts = append(s.r.badParts, *m.Quarantine)
		}
	}
	for i := range st.Inputs {
		in := &st.Inputs[i]
		d := s.aside.files[in.Path]
		if d == nil {
			continue
		}
		in.Read, in.CRC32 = false, 0
		st.Damaged++
		st.DamagedBytes += in.Size
		s.r.damaged = append(s.r.damaged, DamagedFile{Path: in.Path, Size: in.Size, Offset: d.Offset, Reason: d.Msg})
	}
	st.DamagedFiles = s.r.damaged[:min(len(s.r.damaged), maxBadListed)]
}

// check is the last word on the budget.
func (s *mapStage) check() error {
	st := s.r.stats
	if !s.r.cfg.MaxBad.exceeded(st.Bad, st.Lines, st.Damaged, s.aside.share()) {
		return nil
	}
	e := &excess{st.Bad, st.Damaged}
	if len(st.BadRecords) > 0 {
		return e.because(firstBad([]worker.BadRecord{worker.BadRecord(st.BadRecords[0])}))
	}
	for _, in := range st.Inputs {
		if d := s.aside.files[in.Path]; d != nil {
			return e.because(d)
		}
	}
	return e.because(&TaskError{BadData: true})
}

// firstBad is what a run ends with that puts up with none.
func firstBad(bad []worker.BadRecord) *TaskError {
	if len(bad) == 0 {
		return &TaskError{BadData: true}
	}
	b := bad[0]
	return &TaskError{BadData: true, Path: b.Path, Line: b.Line, Offset: b.Offset, Msg: b.Reason, Detail: b.Detail}
}

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
	s := newMapStage(r, tasks, meters)
	err := r.pool.run(ctx, stage{name: "map", costs: costs, do: s.do, lost: s.lost})
	s.account()
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, err
	}
	return s.results, r.stats.checkMap(r.files, r.job.MapOnly)
}
