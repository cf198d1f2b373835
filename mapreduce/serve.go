package mapreduce

import "github.com/telemetry-mr/mr/mapreduce/internal/worker"

// Serve is the last call of a job program's main: it does the tasks that the runner which started the program gives it,
// and does not return. What the program needs is set up before it; its parameters are its arguments.
//
// A program that was started by hand says how it is to be run and exits with status 1.
func Serve[K comparable, V any](job Job[K, V]) { worker.Serve(workerFor(job)) }
