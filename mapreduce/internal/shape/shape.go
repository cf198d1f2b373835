// Package shape lets a test decide how a run is cut up, where the engine would decide by size: a small input then goes through
// many tasks and many runs. It comes with the context, so that nobody else has to know of it.
package shape

import "context"

// A Shape says how a run is cut up. The zero Shape leaves all to the engine.
type Shape struct {
	RunBytes  int64             // a table of this size is spilled; 0 chooses by memory
	TaskBytes int64             // of a map task, about; 0 chooses by the size of the input
	TaskFiles int               // files of a map task; 0 chooses by size
	Files     func(n int) []int // the order in which n files are read as input; nil is that of their paths
	Tasks     func(n int) []int // the order in which n tasks begin; nil is the longest first
}

type key struct{}

// With returns a context whose runs have the shape s.
func With(ctx context.Context, s Shape) context.Context { return context.WithValue(ctx, key{}, s) }

// From returns the shape of the runs of ctx.
func From(ctx context.Context) Shape {
	s, _ := ctx.Value(key{}).(Shape)
	return s
}
