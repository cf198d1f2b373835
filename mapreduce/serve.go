package mapreduce

import (
	"fmt"
	"io"
	"os"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// Serve is the last call of a job program's main: it does the tasks that the runner which started the program gives it, and
// returns when the run is over; the program then has a second to end. What it needs is set up before; its parameters are its
// arguments, since of the environment it has only PATH, HOME, TMPDIR, the language, the time zone and Go's own variables.
//
// A program that was started by hand says how it is to be run and exits with status 1.
func Serve[K comparable, V any](job Job[K, V]) {
	w := workerFor(job)
	worker.Serve(w)
	if c, ok := w.(io.Closer); ok {
		if err := c.Close(); err != nil {
			fmt.Fprintf(os.Stderr, "at the end of the worker: %v\n", err)
		}
	}
}
