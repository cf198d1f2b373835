package compact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/ingest"
)

// Config says what to compact.
type Config struct {
	Store *storage.Tree // the caller closes it

	// Files are those of the store to look at, in the order of Tree.Files. They are listed once the store is locked. An error
	// ends Run.
	Files iter.Seq2[storage.File, error]

	// MaxBytes is what the files that become one have at most, stored. A file of more than half of it is left as it is. Zero
	// means 256 MiB.
	MaxBytes int64

	Log func(message string) // is told of partitions that are left as they were, but for the first; default: nobody
}

const defaultMaxBytes = 256 << 20

// Counts tell what Run has done.
type Counts struct {
	Files int64 // looked at
	Old   int64 // of those, replaced
	New   int64 // that have taken their place

	OldBytes int64 // stored, of those replaced
	NewBytes int64 // stored

	Partitions int64 // in which files were replaced
	Left       int64 // partitions that could not be read, or changed meanwhile
}

// ErrPending says that an ingest into the store was killed, and has to be completed first, by mr ingest.
var ErrPending = errors.New("what a killed ingest has begun is not in the store yet")

// Run makes few files of many. What it has replaced when it returns stays so, whatever the error: it may be called again.
//
// A partition that is damaged, or changed by another program, is left as it was; Run goes on with the next one, and returns the
// first such error at the end. Other errors end it: a *storage.InUseError if another program changes the store; ErrPending; that
// of ctx if it has ended.
func Run(ctx context.Context, c Config) (Counts, error) {
	lock, err := c.Store.Lock()
	if err != nil {
		return Counts{}, err
	}
	defer lock.Release()
	pending, err := ingest.IsPending(c.Store)
	if err != nil {
		return Counts{}, err
	}
	if pending {
		return Counts{}, fmt.Errorf("compacting %s: %w", c.Store.Dir(), ErrPending)
	}
	root, err := os.OpenRoot(c.Store.Dir())
	if err != nil {
		return Counts{}, fmt.Errorf("compacting: %w", err)
	}
	defer root.Close() // a directory
	r := &run{Config: c, root: root, max: cmp.Or(c.MaxBytes, defaultMaxBytes)}
	if err := errors.Join(root.RemoveAll(stage), root.Mkdir(stage, 0o777)); err != nil {
		return Counts{}, fmt.Errorf("compacting: %w", err)
	}
	err = r.all(ctx)
	if err == nil {
		err = r.left
	}
	// A kill leaves it, too: the next run removes it. After an error of Replace, the next Lock may need what is there.
	if !r.isHalfDone {
		err = errors.Join(err, root.RemoveAll(stage))
	}
	return r.counts, err
}

// stage is where new files are made, below the root of the store.
const stage = storage.StateDir + "/compact"

// A run is one call of Run.
type run struct {
	Config
	root       *os.Root
	max        int64
	counts     Counts
	left       error // the first of a partition
	isHalfDone bool
}

// all does one directory after the other. All files are listed before any is replaced.
func (r *run) all(ctx context.Context) error {
	var files []storage.File
	for file, err := range r.Files {
		if err != nil {
			return err
		}
		files = append(files, file)
		r.counts.Files++
	}
	for len(files) > 0 {
		dir, n := path.Dir(files[0].Path), 1
		for n < len(files) && path.Dir(files[n].Path) == dir {
			n++
		}
		if err := r.dir(ctx, dir, files[:n]); err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// dir does the files of a directory. What is ready is put in its place whenever it has MaxBytes.
func (r *run) dir(ctx context.Context, dir string, files []storage.File) error {
	var ready batch
	for _, p := range partitions(files) {
		var mine []*merged
		for _, group := range plan(p, r.max) {
			m, err := r.merge(ctx, dir, group)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if isOfPartition(err) {
				r.leave(p, err)
				mine = nil
				break
			}
			if err != nil {
				return err
			}
			mine = append(mine, m)
		}
		if len(mine) == 0 {
			continue
		}
		ready.add(mine)
		if ready.counts.NewBytes >= r.max {
			if err := r.place(dir, &ready); err != nil {
				return err
			}
		}
	}
	return r.place(dir, &ready)
}

// A batch is what takes its place in a directory at once.
type batch struct {
	list   []storage.Replacement
	counts Counts
}

func (b *batch) add(list []*merged) {
	b.counts.Partitions++
	for _, m := range list {
		b.list = append(b.list, m.replacement)
		b.counts.Old += int64(len(m.replacement.Old))
		b.counts.New++
		b.counts.OldBytes += m.oldBytes
		b.counts.NewBytes += m.newBytes
	}
}

// place empties the batch into the directory.
func (r *run) place(dir string, b *batch) error {
	if len(b.list) == 0 {
		return nil
	}
	if err := storage.SyncDir(r.root, stage); err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	if err := r.Store.Replace(dir, b.list); err != nil {
		r.isHalfDone = true
		return err
	}
	r.counts.Partitions += b.counts.Partitions
	r.counts.Old += b.counts.Old
	r.counts.New += b.counts.New
	r.counts.OldBytes += b.counts.OldBytes
	r.counts.NewBytes += b.counts.NewBytes
	*b = batch{}
	return nil
}

// isOfPartition tells whether an error is about the files of one partition, and not about all that there is to do.
func isOfPartition(err error) bool {
	if _, ok := errors.AsType[*storage.DamagedError](err); ok {
		return true
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrChanged) || errors.Is(err, errName)
}

// leave notes that a partition stays as it was.
func (r *run) leave(p []storage.File, err error) {
	where := path.Dir(p[0].Path)
	err = fmt.Errorf("files of %s in %s are left as they were: %w", p[0].Dims, where, err)
	r.counts.Left++
	if r.left == nil {
		r.left = err
	} else if r.Log != nil {
		r.Log(err.Error())
	}
}
