package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// rejectsStage/STORE/BATCH, below the directory of refused records, is where those of a batch are until it is committed.
const rejectsStage = ".stage"

// rejects keeps the refused records of a batch as they came: a raw log for each category. They appear as
//
//	DIR/CATEGORY/BATCH.CATEGORY.v3.finished
//
// which can be ingested again. The category is in the name, too, since a raw log is known by its name when it comes again. If there
// is one of that name, which is of another store, or of the same raw logs in a store that was made anew, a number is added.
type rejects struct {
	dir   string
	store string // key
	batch string
	stage *os.Root // nil until there is a record
	logs  map[string]*rawlog.Segment
	order []string // categories, by their first record
	frame []byte
}

func newRejects(dir, store, batch string) *rejects {
	return &rejects{dir: dir, store: store, batch: batch, logs: map[string]*rawlog.Segment{}}
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
	log.Add(r.frame)
	if cap(r.frame) > maxUnwritten {
		r.frame = nil
	}
	if log.Size()/maxUnwritten > before {
		return log.Flush()
	}
	return nil
}

func (r *rejects) create(category string) (*rawlog.Segment, error) {
	if r.stage == nil {
		dir := filepath.Join(r.dir, rejectsStage, r.store, r.batch)
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
	stage := filepath.Join(r.dir, rejectsStage)
	for _, dir := range []string{filepath.Join(stage, r.store), stage, r.dir, filepath.Dir(r.dir)} {
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
	return os.RemoveAll(filepath.Join(r.dir, rejectsStage, r.store, r.batch))
}

// placeRejects gives the refused records of a batch their names. It may do so again.
func (c *commit) placeRejects() error {
	if len(c.Refused) == 0 {
		return nil
	}
	root, err := os.OpenRoot(c.Rejects)
	if errors.Is(err, fs.ErrNotExist) {
		return c.missing(c.Refused)
	}
	if err == nil {
		err = errors.Join(c.placeRejectsIn(root), root.Close())
	}
	if err != nil {
		return fmt.Errorf("keeping refused records in %s: %w", c.Rejects, err)
	}
	return nil
}

func (c *commit) placeRejectsIn(root *os.Root) error {
	stage := path.Join(rejectsStage, c.Store, c.Batch)
	var gone []storage.Move
	for _, m := range c.Refused {
		category, base := path.Split(m.To)
		if err := root.MkdirAll(category, 0o750); err != nil {
			return err
		}
		from, to := path.Join(stage, m.From), m.To
		if !exists(root, from) {
			if !exists(root, to) { // else it has been done
				gone = append(gone, m)
			}
			continue
		}
		for n := 2; exists(root, to); n++ {
			to = path.Join(category, fmt.Sprintf("%s-%d%s", c.Batch, n, strings.TrimPrefix(base, c.Batch)))
		}
		if err := errors.Join(root.Rename(from, to), storage.SyncDir(root, category)); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		return c.missing(gone)
	}
	if err := storage.SyncDir(root, "."); err != nil {
		return err
	}
	return root.RemoveAll(stage)
}

func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

// missing says that refused records are neither where they were kept at first, nor in their place. They may be needed, so it is for
// people to decide.
func (c *commit) missing(moves []storage.Move) error {
	var names []string
	for _, m := range moves {
		names = append(names, filepath.Join(c.Rejects, filepath.FromSlash(m.To)))
	}
	return fmt.Errorf("refused records of batch %s are gone from %s: put back what was there, with %s, or make empty files to do without them: %s",
		c.Batch, c.Rejects, rejectsStage, strings.Join(names, " "))
}

// storeKey tells apart the stores whose refused records are kept in one directory: they may have the same batches.
func storeKey(tree *storage.Tree) (string, error) {
	dir, err := filepath.Abs(tree.Dir())
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:8]), err
}
