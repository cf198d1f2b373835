package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// rejectsStage is where the refused records of batches are until the batch is committed, below their directory.
const rejectsStage = ".stage"

// rejects keeps the refused records of a batch as they came: a raw log for each category. They appear as
//
//	DIR/CATEGORY/BATCH.CATEGORY.v3.finished
//
// which can be ingested again. The category is in the name, too, since a raw log is known by its name when it comes again.
type rejects struct {
	dir   string
	batch string
	stage *os.Root // nil until there is a record
	logs  map[string]*rawlog.Segment
	order []string // categories, by their first record
	frame []byte
}

func newRejects(dir, batch string) *rejects {
	return &rejects{dir: dir, batch: batch, logs: map[string]*rawlog.Segment{}}
}

// maxUnwritten is what is gathered of a raw log before it is written.
const maxUnwritten = 256 << 10

// add keeps a record.
func (r *rejects) add(category string, rec *rawlog.Record) error {
	log := r.logs[category]
	var err error
	if log == nil {
		if log, err = r.create(category); err != nil {
			return fmt.Errorf("keeping refused records: %w", err)
		}
	}
	if r.frame, err = rawlog.AppendFrame(r.frame[:0], rawlog.V3, rec); err != nil {
		return fmt.Errorf("keeping a refused record: %w", err)
	}
	before := log.Size() / maxUnwritten
	if log.Add(r.frame); log.Size()/maxUnwritten > before {
		return log.Flush()
	}
	return nil
}

func (r *rejects) create(category string) (*rawlog.Segment, error) {
	if r.stage == nil {
		dir := filepath.Join(r.dir, rejectsStage, r.batch)
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o750)); err != nil {
			return nil, err
		}
		var err error
		if r.stage, err = os.OpenRoot(dir); err != nil {
			return nil, err
		}
	}
	log, err := rawlog.Create(r.stage, category, rawlog.V3)
	if err != nil {
		return nil, err
	}
	r.logs[category] = log
	r.order = append(r.order, category)
	return log, nil
}

// finish completes the raw logs, durably, and returns what placeRejects is to do with them.
func (r *rejects) finish() ([]storage.Move, error) {
	var moves []storage.Move
	for _, category := range r.order {
		log := r.logs[category]
		delete(r.logs, category)
		if err := log.Finish(); err != nil {
			return nil, fmt.Errorf("keeping refused records: %w", err)
		}
		moves = append(moves, storage.Move{From: log.Name(), To: path.Join(category, r.batch+"."+category+".v3.finished")})
	}
	if len(moves) == 0 {
		return nil, nil
	}
	for _, dir := range []string{filepath.Join(r.dir, rejectsStage), r.dir, filepath.Dir(r.dir)} {
		if err := syncPath(dir); err != nil {
			return nil, fmt.Errorf("keeping refused records: %w", err)
		}
	}
	return moves, nil
}

// close discards what is not finished.
func (r *rejects) close() error {
	var err error
	for _, log := range r.logs {
		err = errors.Join(err, log.Abandon())
	}
	if r.stage != nil {
		err = errors.Join(err, r.stage.Close())
	}
	return err
}

// discard removes what was kept of a batch that came to nothing.
func (r *rejects) discard() error {
	return os.RemoveAll(filepath.Join(r.dir, rejectsStage, r.batch))
}

// placeRejects gives the raw logs of a batch their names. It may do so again.
func placeRejects(dir, batch string, moves []storage.Move) error {
	if len(moves) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("keeping refused records: %w", err)
	}
	err = placeIn(root, path.Join(rejectsStage, batch), moves)
	if err = errors.Join(err, root.Close()); err != nil {
		return fmt.Errorf("keeping refused records: %w", err)
	}
	return nil
}

func placeIn(root *os.Root, stage string, moves []storage.Move) error {
	for _, m := range moves {
		category := path.Dir(m.To)
		if err := root.MkdirAll(category, 0o750); err != nil {
			return err
		}
		err := root.Rename(path.Join(stage, m.From), m.To)
		if errors.Is(err, fs.ErrNotExist) {
			_, err = root.Lstat(m.To) // it has been done
		}
		if err != nil {
			return err
		}
		if err := storage.SyncDir(root, category); err != nil {
			return err
		}
	}
	if err := storage.SyncDir(root, "."); err != nil {
		return err
	}
	return root.RemoveAll(stage)
}
