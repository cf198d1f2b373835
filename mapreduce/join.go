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

// A joiner puts the parts of the output one behind another, in their order. Whoever brings the part that is next joins it, and
// those behind it that are there: so joining takes the time of who has a part, and no more of them are busy than without it.
type joiner struct {
	w    io.Writer
	done *atomic.Int64 // bytes
	buf  []byte        // of who is joining

	mu      sync.Mutex     // guards what follows
	parts   []*worker.Rows // nil has not come
	next    int
	joining bool // by someone, or no more after an error
}

// newJoiner returns one for so many parts, behind a header.
func newJoiner(w io.Writer, header []byte, parts int, done *atomic.Int64) (*joiner, error) {
	if _, err := w.Write(header); err != nil {
		return nil, fmt.Errorf("joining output: %w", err)
	}
	done.Store(int64(len(header)))
	return &joiner{w: w, done: done, buf: make([]byte, 256<<10), parts: make([]*worker.Rows, parts)}, nil
}

// add takes the n-th part. When it was called with all of them and has not failed, they are joined.
func (j *joiner) add(ctx context.Context, n int, p worker.Rows) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.parts[n] = &p
	if j.joining {
		return nil
	}
	j.joining = true
	for ; j.next < len(j.parts) && j.parts[j.next] != nil; j.next++ {
		p := j.parts[j.next]
		j.mu.Unlock()
		err := j.join(ctx, p)
		j.mu.Lock()
		if err != nil {
			return err
		}
	}
	j.joining = false
	return nil
}

// join copies a part, checks that it is what the worker has written, and removes it.
func (j *joiner) join(ctx context.Context, p *worker.Rows) error {
	size, sum, err := j.copy(ctx, p.Path)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("joining output: %w", err)
	case size != p.Bytes || sum != p.Checksum:
		return fmt.Errorf("joining output: %s is damaged: it has %d bytes with checksum %08x; %d with checksum %08x were written",
			p.Path, size, sum, p.Bytes, p.Checksum)
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
		if _, err := j.w.Write(j.buf[:n]); err != nil {
			return size, sum, err
		}
		j.done.Add(int64(n))
	}
	return size, sum, nil
}
