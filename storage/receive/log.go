package receive

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/rawlog"
)

// errBusy is the error of append when more submissions wait for the disk than are allowed to.
var errBusy = errors.New("too many submissions wait for the disk")

var errClosed = errors.New("the raw log is closed")

// A Log is a raw log that many goroutines append to. One goroutine writes: whatever has come while it was syncing becomes the
// next batch, one write and one sync for all who wait.
type Log struct {
	config Config
	dir    *os.Root
	unlock func() error
	queue  chan *entry
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended
	failed error         // of the last segment, when done is closed
	close  func() error

	// The writer's own.
	segment *rawlog.Segment
	began   time.Time // when the segment got its first record
	ticker  *time.Ticker
	batch   []*entry
}

// An entry is a frame on its way to the disk.
type entry struct {
	frame  []byte
	stored chan error // has room for one
}

var entries = sync.Pool{New: func() any { return &entry{stored: make(chan error, 1)} }}

const (
	maxBatch  = 4 << 20         // bytes that are written at once
	checkAges = 5 * time.Second // how often the age of a quiet segment is looked at
)

// OpenLog opens the raw log that the configuration names, and finishes what a killed receiver has left in its directory. It
// is a *rawlog.InUseError if another process writes there.
func OpenLog(c Config) (*Log, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(c.LogPath)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of the raw log: %w", err)
	}
	lock, err := rawlog.Lock(dir, c.LogBase)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	l := &Log{
		config: c,
		dir:    dir,
		queue:  make(chan *entry, c.Queue),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		ticker: time.NewTicker(min(checkAges, c.maxAge())),
	}
	l.unlock = func() error { return errors.Join(lock.Close(), dir.Close()) }
	l.close = sync.OnceValue(l.shut)
	recovered, err := rawlog.Recover(dir, c.LogBase, rawlog.Options{MaxData: int(c.MaxDataLength)})
	for _, r := range recovered {
		c.logf("finished what a killed receiver has left: %s, %d records, %d bytes of an unfinished one cut off", r.Name, r.Records, r.Cut)
	}
	if storage.IsFull(err) {
		c.logf("%v; the next start will try again", err)
	} else if err != nil {
		return nil, errors.Join(err, l.unlock())
	}
	go l.write()
	return l, nil
}

// append returns when the frame is on the disk. An error means that it may not be: errBusy at once, one that storage.IsFull tells of
// if there is no space, another if the disk failed. The caller may use the frame again.
func (l *Log) append(frame []byte) error {
	e := entries.Get().(*entry)
	e.frame = frame
	select {
	case l.queue <- e:
	default:
		entries.Put(e)
		return errBusy
	}
	select {
	case err := <-e.stored:
		e.frame = nil
		entries.Put(e)
		return err
	case <-l.done:
	}
	select {
	case err := <-e.stored: // it was in the last batch
		return err
	default:
		return errClosed
	}
}

// Close waits until what was appended is on the disk, finishes the segment and gives up the directory.
func (l *Log) Close() error { return l.close() }

func (l *Log) shut() error {
	close(l.stop)
	<-l.done
	return errors.Join(l.failed, l.unlock())
}

// write is the goroutine that has the segment.
func (l *Log) write() {
	defer close(l.done)
	defer l.ticker.Stop()
	for {
		select {
		case e := <-l.queue:
			l.commit(e)
		case <-l.ticker.C:
			l.rotate()
		case <-l.stop:
			for {
				select {
				case e := <-l.queue:
					l.commit(e)
				default:
					l.failed = l.finish()
					return
				}
			}
		}
	}
}

// commit stores an entry and all that wait behind it.
func (l *Log) commit(first *entry) {
	l.batch = append(l.batch[:0], first)
	size := len(first.frame)
gather:
	for size < maxBatch {
		select {
		case e := <-l.queue:
			l.batch = append(l.batch, e)
			size += len(e.frame)
		default:
			break gather
		}
	}
	err := l.store()
	for i, e := range l.batch {
		l.batch[i] = nil
		e.stored <- err
	}
	l.rotate()
}

// store makes the batch durable. A segment that failed is left behind; the next batch has a new one.
func (l *Log) store() error {
	if l.segment == nil {
		s, err := rawlog.Create(l.dir, l.config.LogBase, l.config.format())
		if err != nil {
			return err
		}
		l.segment, l.began = s, time.Now()
	}
	for _, e := range l.batch {
		l.segment.Add(e.frame)
	}
	err := l.segment.Flush()
	if err == nil && !l.config.NoSync {
		err = l.segment.Sync()
	}
	if err != nil && (!storage.IsFull(err) || l.segment.Broken() != nil) {
		l.config.logf("%v; %s is left for the next start to finish", err, l.segment.Name())
		_ = l.segment.Abandon() // err says what matters
		l.segment = nil
	}
	return err
}

// rotate finishes the segment if it is large or old enough.
func (l *Log) rotate() {
	if l.segment == nil || l.segment.Size() <= l.config.MaxLogSize && time.Since(l.began) < l.config.maxAge() {
		return
	}
	if err := l.finish(); err != nil {
		l.config.logf("%v", err)
	}
}

// finish finishes the segment. While the disk is full it stays as it is.
func (l *Log) finish() error {
	if l.segment == nil {
		return nil
	}
	err := l.segment.Finish()
	if storage.IsFull(err) && l.segment.Broken() == nil {
		l.began = time.Now() // try again later
		return err
	}
	if err != nil {
		_ = l.segment.Abandon() // err says what matters
	}
	l.segment = nil
	return err
}
