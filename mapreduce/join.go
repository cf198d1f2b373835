package mapreduce

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// A joiner puts the parts of the output one behind another, in their order, whatever order they come in. The goroutine that
// brings the next part joins it, with those behind it that are waiting, while others bring more.
type joiner struct {
	w    io.Writer
	buf  []byte       // of who is joining
	done atomic.Int64 // bytes written

	mu    sync.Mutex     // guards what follows
	parts []*worker.Rows // nil has not come
	next  int
	busy  bool  // someone is joining the part before next
	err   error // the first; nothing is joined after it
}

// newJoiner returns one for so many parts, after it has written the header.
func newJoiner(w io.Writer, header []byte, parts int) (*joiner, error) {
	j := &joiner{w: w, buf: make([]byte, 256<<10), parts: make([]*worker.Rows, parts)}
	if len(header) > 0 {
		if err := j.write(header); err != nil {
			return nil, joinError(err)
		}
	}
	return j, nil
}

// add takes the n-th part, and returns when there is nothing to join, or when another goroutine is at it.
func (j *joiner) add(ctx context.Context, n int, p worker.Rows) error {
	j.mu.Lock()
	j.parts[n] = &p
	j.mu.Unlock()
	for {
		p, err := j.take()
		if p == nil {
			return err
		}
		j.joined(j.join(ctx, p))
	}
}

// take returns the part that is to be joined, if its turn has come.
func (j *joiner) take() (*worker.Rows, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil || j.busy || j.next == len(j.parts) || j.parts[j.next] == nil {
		return nil, j.err
	}
	j.busy = true
	j.next++
	return j.parts[j.next-1], nil
}

// joined ends what take has begun.
func (j *joiner) joined(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.busy, j.err = false, err
}

// finish checks that all parts are joined.
func (j *joiner) finish() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil && (j.busy || j.next < len(j.parts)) {
		return joinError(fmt.Errorf("%d of %d parts have come", j.next, len(j.parts)))
	}
	return j.err
}

// join copies a part, checks that it is what the worker has written, and removes it.
func (j *joiner) join(ctx context.Context, p *worker.Rows) error {
	size, sum, err := j.copy(ctx, p.Path)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return joinError(err)
	case size != p.Bytes || sum != p.Checksum:
		return joinError(damagedPart(*p, fmt.Errorf("it has %d bytes with checksum %08x; %d with checksum %08x were written",
			size, sum, p.Bytes, p.Checksum)))
	}
	_ = os.Remove(p.Path) // else it goes with the work directory
	return nil
}

func (j *joiner) copy(ctx context.Context, path string) (size int64, sum uint32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close() // only read
	for ctx.Err() == nil {
		n, err := f.Read(j.buf)
		size += int64(n)
		sum = crc32.Update(sum, crc32.IEEETable, j.buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return size, sum, err
		}
		if err := j.write(j.buf[:n]); err != nil {
			return size, sum, err
		}
	}
	return size, sum, nil
}

func (j *joiner) write(b []byte) error {
	n, err := j.w.Write(b)
	j.done.Add(int64(n))
	return err
}

func joinError(err error) error { return fmt.Errorf("joining output: %w", err) }
