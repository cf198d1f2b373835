package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram/revision"
	"github.com/telemetry-mr/mr/storage/ingest/convert"
)

// Config says what to ingest, and how. The zero value of a field is its default.
type Config struct {
	Raw   string        // directory of raw logs
	Store *storage.Tree // where the records go, opened with its own schema, by which they are read; the caller closes it

	// Revisions has the histogram definitions. Without it, pings with histograms are refused.
	Revisions *revision.Cache
	// Fallback returns the revision of a ping that names none, as a Calendar's Resolve does. Such a record is marked, see package
	// convert, and counted. Nil knows none.
	Fallback func(channel, buildID, version string) (revision string, ok bool)
	Strict   bool // refuse pings of which a histogram is not what its definition says

	// Dedup is the window in which a document that comes again, by its id, is left out: its record has a time that is no more than
	// this before or behind that of one in the store. Zero leaves out none. It is certain for records that come up to a window
	// late, counted from the newest that has come; one that comes later, or has a time to come, may be written again. Batches are
	// made one after the other.
	Dedup time.Duration

	Rejects string   // directory for refused records; default: rejects, in Raw
	Discard []string // categories of refused records that are only counted

	// After says what becomes of a segment whose records are in the store: it moves to the directory done in Raw, or is removed,
	// or stays where it is. It is not ingested again in any case. A batch with damage is moved rather than removed.
	After Disposal

	Batch   int64 // bytes of raw logs whose records come into the store together; default 256 MiB
	Workers int   // batches at a time; default: the number of processors

	// Follow goes on when all raw logs are consumed, until the context ends. A batch that is not full waits for more segments
	// until its oldest has been there for Wait. After an error that may pass, such as a full disk, another try is made after
	// Retry; default 30 seconds.
	Follow bool
	Wait   time.Duration
	Retry  time.Duration

	// Stats is a file to which the counts of each minute are appended, as a line of JSON; default: none. Those of a batch come into
	// it once, after a kill by the next Run; twice only if the file was replaced just then.
	Stats string
	Log   func(message string) // is told of damage, raw logs that are left, and waiting, one call at a time; default: nobody
}

// A Disposal says what becomes of a consumed segment.
type Disposal int

// See Config.After.
const (
	Move Disposal = iota
	Remove
	Keep
)

const (
	doneDir      = "done"
	rejectsDir   = "rejects"
	rawLock      = ".ingest.lock"
	defaultBatch = 256 << 20
	pollEvery    = time.Second
	defaultRetry = 30 * time.Second
	statsEvery   = time.Minute
)

// A run is one call of Run.
type run struct {
	Config
	rejectsDir string
	storeKey   string // in rejectsDir
	raw        *os.Root
	state      *state
	ids        *ids
	stats      *stats
	left       left
	large      *sharedLane

	logging sync.Mutex
}

// Run ingests the raw logs that are finished, and with Follow those to come. What is in the store when it returns is there
// for good; what is not is left as it was, and the next Run takes it up. The counts are of the batches that were completed,
// also of those that another Run had committed and was killed then.
//
// A raw log that cannot be read, or has the name of another one that is in the store, is left where it is, and said to Log; all
// others are ingested. It is an error at the end, but with Follow.
//
// An error is a *storage.InUseError if another Run is at work on the store, the raw logs or the refused records; a
// *DefinitionsError if histogram definitions could not be looked for; that of ctx if it has ended, but with Follow, whose end
// that is.
func Run(ctx context.Context, c Config) (Counts, error) {
	r := &run{Config: c}
	unlock, err := r.open()
	for r.isPassing(ctx, err) {
		if r.pause(ctx, r.retry(err)) != nil {
			return Counts{}, nil
		}
		unlock, err = r.open()
	}
	if err != nil {
		return Counts{}, err
	}
	defer unlock()
	r.large = newSharedLane(c.Store.Schema(), convert.Options{Fallback: c.Fallback, Strict: c.Strict})
	err = r.loop(ctx)
	total, statsErr := r.stats.close()
	if c.Follow && errors.Is(err, context.Canceled) {
		err = nil
	} else if err == nil && total.Left > 0 {
		err = fmt.Errorf("raw logs that were not ingested: %d; all others are in the store", total.Left)
	}
	return total, errors.Join(err, statsErr)
}

// open locks and opens all that is needed.
func (r *run) open() (unlock func(), err error) {
	var undo []func()
	unlockAll := func() {
		for i := range undo {
			undo[len(undo)-1-i]()
		}
	}
	defer func() {
		if err != nil {
			unlockAll()
		}
	}()
	lock := func(path string) error {
		l, err := storage.LockFile(path)
		if err == nil {
			undo = append(undo, l.Release)
		}
		return err
	}
	if r.raw, err = os.OpenRoot(r.Raw); err != nil {
		return nil, fmt.Errorf("opening raw logs: %w", err)
	}
	undo = append(undo, func() { _ = r.raw.Close() }) // a directory
	if r.After != Keep {
		if err := r.checkDone(); err != nil {
			return nil, err
		}
		if err := lock(filepath.Join(r.Raw, rawLock)); err != nil {
			return nil, err
		}
	}
	if r.rejectsDir, err = filepath.Abs(cmp.Or(r.Rejects, filepath.Join(r.Raw, rejectsDir))); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.rejectsDir, 0o750); err != nil {
		return nil, fmt.Errorf("making the directory of refused records: %w", err)
	}
	if err := lock(filepath.Join(r.rejectsDir, ".lock")); err != nil {
		return nil, err
	}
	if r.storeKey, err = storeKey(r.Store); err != nil {
		return nil, err
	}
	if r.state, err = openState(r.Store, r.Stats != ""); err != nil {
		return nil, err
	}
	undo = append(undo, r.state.close)
	r.stats, err = newStats(r.Stats, r.state)
	return unlockAll, err
}

// checkDone makes sure that consumed segments can be put away, before any is consumed.
func (r *run) checkDone() error {
	info, err := r.raw.Stat(doneDir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory", filepath.Join(r.Raw, doneDir))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a link that leads out of Raw, for one
		return fmt.Errorf("looking at the directory of consumed raw logs: %w", err)
	}
	return nil
}

// loop ingests what there is, again and again with Follow. Before it begins, and after an error, it completes what is half done.
func (r *run) loop(ctx context.Context) error {
	completed, waiting := false, false
	for {
		var err error
		if !completed {
			err = r.complete()
		}
		again := false
		if completed = err == nil; completed {
			again, err = r.pass(ctx)
			completed = err == nil
		}
		wait := pollEvery
		switch {
		case r.isPassing(ctx, err):
			wait = r.retry(err)
		case err == nil && again:
			continue
		case err != nil || !r.Follow:
			return errors.Join(err, ctx.Err())
		case !waiting:
			waiting = true
			r.log("waiting for raw logs in %s", r.Raw)
		}
		if err := r.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// complete does what is left to do for batches that were committed, and forgets those that were not.
func (r *run) complete() error {
	done, err := r.state.recover()
	for _, c := range done {
		r.stats.add(c.Batch, &c.Counts)
	}
	if err != nil {
		return fmt.Errorf("completing what the last run has left: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(r.rejectsDir, rejectsStage, r.storeKey)); err != nil { // of batches that came to nothing
		return fmt.Errorf("opening the directory of refused records: %w", err)
	}
	if r.Dedup > 0 {
		if r.ids, err = loadIDs(r.state.root, r.Dedup); err != nil {
			return fmt.Errorf("reading the ids of documents: %w", err)
		}
	}
	return nil
}

// pass ingests what there is. Again tells that a batch came to nothing, since one of its raw logs cannot be ingested.
func (r *run) pass(ctx context.Context) (again bool, err error) {
	batches, err := r.batches()
	if err != nil {
		return false, err
	}
	before := r.left.count()
	err = r.all(ctx, batches)
	return r.left.count() > before, err
}

// isPassing tells whether Follow goes on after an error, which may be gone at the next try.
func (r *run) isPassing(ctx context.Context, err error) bool {
	_, later := errors.AsType[*DefinitionsError](err)
	return (later || storage.IsFull(err)) && r.Follow && ctx.Err() == nil
}

// retry tells of an error after which there is another try, and returns when.
func (r *run) retry(err error) time.Duration {
	wait := cmp.Or(r.Retry, defaultRetry)
	r.log("%v; trying again in %v", err, wait)
	return wait
}

// pause returns an error if the context ends in this time.
func (r *run) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// batches lists what is to be done now.
func (r *run) batches() ([]batch, error) {
	all, err := segments(r.raw)
	if err != nil {
		return nil, err
	}
	var todo []segment
	for _, seg := range all {
		if r.isLeft(seg) {
			continue
		}
		consumed, err := r.state.isConsumed(seg, r.sumOf)
		switch {
		case err != nil:
			r.leave(&rawLogError{seg, err})
		case !consumed:
			todo = append(todo, seg)
		default:
			if err := r.dispose(seg, r.After); err != nil { // a run that was killed had not come so far
				return nil, err
			}
		}
	}
	full := cmp.Or(r.Batch, defaultBatch)
	batches := plan(todo, full)
	if n := len(batches); r.Follow && n > 0 && batches[n-1].bytes < full && time.Since(batches[n-1].segments[0].modified) < r.Wait {
		batches = batches[:n-1]
	}
	return batches, nil
}

// all does some batches at a time. After an error it begins no more.
func (r *run) all(ctx context.Context, batches []batch) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := cmp.Or(r.Workers, runtime.GOMAXPROCS(0))
	if r.ids != nil {
		workers = 1
	}
	next := make(chan batch)
	var wg sync.WaitGroup
	for range min(workers, len(batches)) {
		wg.Go(func() {
			for b := range next {
				if err := r.one(ctx, b); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, b := range batches {
		select {
		case next <- b:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// one does a batch. Its segments are done with when it is committed.
func (r *run) one(ctx context.Context, b batch) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	counts, err := r.process(ctx, b)
	if bad, ok := errors.AsType[*rawLogError](err); ok {
		r.leave(bad)
		return nil
	}
	if err != nil {
		return err
	}
	r.stats.add(b.id(), &counts)
	after := r.After
	if after == Remove && counts.DamagedRanges > 0 {
		after = Move
	}
	for _, seg := range b.segments {
		if err := r.dispose(seg, after); err != nil {
			return err
		}
	}
	return nil
}

// dispose does with a consumed segment what is wanted.
func (r *run) dispose(seg segment, after Disposal) (err error) {
	switch after {
	case Remove:
		err = r.raw.Remove(seg.Name)
	case Move:
		if err = r.raw.MkdirAll(doneDir, 0o750); err == nil {
			err = r.raw.Rename(seg.Name, filepath.Join(doneDir, seg.Name))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("putting away a consumed raw log: %w", err)
	}
	return nil
}

func (r *run) log(format string, args ...any) {
	if r.Log != nil {
		r.logging.Lock()
		defer r.logging.Unlock()
		r.Log(fmt.Sprintf(format, args...))
	}
}
