package mapreduce_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// The test binary is also every job program of these tests: started as a worker, its first argument names the job. As
// "runner" it runs such a job, so that a runner can be killed.
func TestMain(m *testing.M) {
	switch {
	case worker.Started():
		if os.Args[1] == "hangs-at-start" {
			time.Sleep(time.Minute) // Go notices a select without cases
		}
		jobs[os.Args[1]].serve()
	case len(os.Args) > 1 && os.Args[1] == "runner":
		os.Exit(runnerMain(os.Args[2:]))
	default:
		// The thread that forks workers stays for the life of the process.
		goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/telemetry-mr/mr/mapreduce/internal/worker.forkLoop"))
	}
}

// entry is a job of any type.
type entry struct {
	serve func()
	local func() mapreduce.Executor
}

func entryOf[K comparable, V any](job mapreduce.Job[K, V]) entry {
	return entry{
		serve: func() { mapreduce.Serve(job) },
		local: func() mapreduce.Executor { return mapreduce.Local(job) },
	}
}

// command returns the executor that runs a job of these tests in worker processes.
func command(job string, args ...string) mapreduce.Executor {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return mapreduce.Command(exe, append([]string{job}, args...)...)
}

// runnerMain is the program that tests kill or look at: it runs a job as mr would, cut up small unless it has little memory.
func runnerMain(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg := mapreduce.Config{Workers: 3, Partitions: 4}
	fs := flag.NewFlagSet("runner", flag.ExitOnError)
	fs.Int64Var(&cfg.Memory, "memory", 0, "")
	fs.DurationVar(&cfg.RecordTimeout, "record-timeout", 0, "")
	fs.DurationVar(&cfg.StartTimeout, "start-timeout", 0, "")
	fs.Int64Var(&cfg.MaxBad.N, "max-bad", 0, "")
	fs.StringVar(&cfg.Quarantine, "quarantine", "", "")
	runBytes := fs.Int64("run-bytes", 64<<10, "")
	_ = fs.Parse(args) // exits
	cfg.Data, cfg.Output = fs.Arg(1), fs.Arg(2)
	if cfg.Memory == 0 {
		ctx = shape.With(ctx, shape.Shape{RunBytes: *runBytes, TaskFiles: 4})
	}
	if _, err := mapreduce.Run(ctx, command(fs.Arg(0)), cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
