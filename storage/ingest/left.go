package ingest

import (
	"errors"
	"io/fs"
	"sync"
)

// A rawLogError says that a raw log cannot be ingested. Others can.
type rawLogError struct {
	seg segment
	err error
}

func (e *rawLogError) Error() string { return e.err.Error() }

func (e *rawLogError) Unwrap() error { return e.err }

// left are the raw logs that a run leaves where they are.
type left struct {
	mu sync.Mutex
	n  int                // how often one was left
	as map[string]segment // what they were then, by name
}

// add leaves a raw log.
func (l *left) add(seg segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.as == nil {
		l.as = map[string]segment{}
	}
	l.as[seg.Name] = seg
	l.n++
}

func (l *left) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// isLeft tells whether a raw log is left. With Follow, one that has changed since is not.
func (r *run) isLeft(seg segment) bool {
	r.left.mu.Lock()
	defer r.left.mu.Unlock()
	known, ok := r.left.as[seg.Name]
	return ok && (!r.Follow || known.Bytes == seg.Bytes && known.modified.Equal(seg.modified))
}

// leave tells of a raw log that cannot be ingested, and leaves it.
func (r *run) leave(e *rawLogError) {
	if errors.Is(e, fs.ErrNotExist) {
		r.log("%v; it was not ingested", e)
		e.seg.Bytes = -1 // when it comes back, it is another one
	} else {
		r.log("%v; it is left where it is", e)
	}
	r.left.add(e.seg)
	r.stats.add("", &Counts{Left: 1})
}
