package mapreduce

import (
	"context"
	"io"
)

// stream is an output that is no file: nobody knows when its reader will take what is written. A Write ends with ctx, and what it
// has begun then goes on without it.
type stream struct {
	ctx context.Context
	w   io.Writer
}

func (s stream) Write(b []byte) (int, error) {
	type written struct {
		n   int
		err error
	}
	done := make(chan written, 1)
	go func() {
		n, err := s.w.Write(b)
		done <- written{n, err}
	}()
	select {
	case w := <-done:
		return w.n, w.err
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}
