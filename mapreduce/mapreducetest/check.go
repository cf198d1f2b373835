package mapreducetest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/storage"
)

var seedFlag = flag.Uint64("mapreducetest.seed", 1, "what package mapreducetest tries is chosen by this number")

// Options say how [Check] runs a job. The zero value is what [Run] does.
type Options struct {
	Schema *storage.Schema  // of the store; nil is storage.DefaultSchema
	Format mapreduce.Format // of the rows; "" is mapreduce.TSV
	MaxBad mapreduce.Budget // bad records that are put up with
	Seed   uint64           // what is tried is chosen by it; 0 is the flag -mapreducetest.seed, which is 1 by default
}

// Check runs a job over records in many ways. It returns the rows and the account of a run; or an error that says what is
// wrong with the job: the rows depend on how it is run, or a run failed.
func Check[K comparable, V any](ctx context.Context, job mapreduce.Job[K, V], records []Record, o Options) (string, mapreduce.Stats, error) {
	j, err := typedJob(job)
	if err != nil {
		return "", mapreduce.Stats{}, err
	}
	return checkJob(ctx, j, records, o)
}

func checkJob(ctx context.Context, j job, records []Record, o Options) (string, mapreduce.Stats, error) {
	if o.Seed == 0 {
		o.Seed = *seedFlag
	}
	if len(records) == 0 {
		return "", mapreduce.Stats{}, errors.New("there are no records: a job needs input")
	}
	s, err := newStore(records, o.Schema)
	if err != nil {
		return "", mapreduce.Stats{}, err
	}
	defer s.close()
	c := &check{job: j, traits: j.traits(), opts: o, records: records, store: s, rng: rand.New(rand.NewPCG(o.Seed, o.Seed))}
	out, stats, err := c.all(ctx)
	if f, ok := errors.AsType[*fault](err); ok {
		f.seed = o.Seed
	}
	return out, stats, err
}

// A fault is what is wrong with a job.
type fault struct {
	msg  string
	seed uint64
}

func (f *fault) Error() string {
	return fmt.Sprintf("%s\n(found with -mapreducetest.seed=%d)", strings.TrimSuffix(f.msg, "\n"), f.seed)
}

func faultf(format string, args ...any) error { return &fault{msg: fmt.Sprintf(format, args...)} }

// check is a check of a job under way.
type check struct {
	job     job
	traits  traits
	opts    Options
	records []Record
	store   *store
	rng     *rand.Rand
}

// all looks for what has the simplest explanation first.
func (c *check) all(ctx context.Context) (string, mapreduce.Stats, error) {
	groups, err := c.mapTwice()
	if err != nil {
		return "", mapreduce.Stats{}, err
	}
	want, stats, err := c.run(ctx, c.job.executor(), shape.Shape{}, 1)
	if err != nil {
		return "", stats, c.runError(err)
	}
	if c.traits.combine {
		err = c.laws(ctx, groups)
	} else if c.traits.reduce && !c.traits.ordered {
		err = c.reduceOrder(ctx, groups)
	}
	if err == nil {
		err = c.runs(ctx, want, stats)
	}
	return want, stats, err
}

// run runs the job and returns its rows.
func (c *check) run(ctx context.Context, x mapreduce.Executor, s shape.Shape, partitions int) (string, mapreduce.Stats, error) {
	return runLocal(ctx, x, s, mapreduce.Config{
		Data: c.store.dir, Format: c.opts.Format, MaxBad: c.opts.MaxBad, Partitions: partitions,
	})
}

func runLocal(ctx context.Context, x mapreduce.Executor, s shape.Shape, cfg mapreduce.Config) (string, mapreduce.Stats, error) {
	var out bytes.Buffer
	cfg.Stdout, cfg.Stderr, cfg.Workers = &out, io.Discard, 1
	stats, err := mapreduce.Run(shape.With(ctx, s), x, cfg)
	return out.String(), stats, err
}

// runError adds which record an error is about.
func (c *check) runError(err error) error {
	t, ok := errors.AsType[*mapreduce.TaskError](err)
	if !ok {
		return err
	}
	if i, ok := c.store.place[place{t.Path, t.Line}]; ok {
		err = fmt.Errorf("%s: %s", c.name(i), t.Msg)
	}
	if t.Detail != "" {
		err = fmt.Errorf("%w\n%s", err, t.Detail)
	}
	return err
}

// name is a record in a message.
func (c *check) name(i int) string { return fmt.Sprintf("record %d (%q)", i+1, c.records[i].Key) }

// A way is one to run a job.
type way struct {
	name       string
	shape      shape.Shape
	partitions int
	lent       bool // the memory of a record is filled with a byte when it is done with
	fill       byte
	why        string
}

// runs runs the job in ways that must all give the rows want, and count the same.
func (c *check) runs(ctx context.Context, want string, counted mapreduce.Stats) error {
	pieces := shape.Shape{RunBytes: 1, TaskFiles: 1, Tasks: c.rng.Perm}
	lent := way{
		name: "with the memory of each record overwritten behind it", lent: true,
		why: "Combine, or Clone of the values, keeps memory that was only lent for the call",
	}
	lentAgain := lent
	lentAgain.fill = 0xFF
	ways := []way{
		{
			name: "another time",
			why: "something else than the records decides: a variable that lives on, a map that is ranged over, the clock, a random number; " +
				"or memory that was only lent for the call and is kept",
		},
		lent,
		lentAgain,
		{
			name: "in small tasks, in another order", shape: pieces, partitions: 3,
			why: "how values are combined shows in the rows, or a function remembers what it saw in another task",
		},
	}
	if !c.traits.ordered {
		pieces.Files = c.rng.Perm
		why := "the rows depend on the order of the input: if they are to, the job has to say so with Ordered: true"
		if c.traits.combine {
			why = "the rows depend on the order of the input, which Combine must not let through"
		}
		for range 2 {
			ways = append(ways, way{name: "with the files of the input in another order", shape: pieces, partitions: 2, why: why})
			pieces.RunBytes, pieces.TaskFiles = 0, 2
		}
	}
	for _, w := range ways {
		x := c.job.executor()
		if w.lent {
			x = c.job.lending(w.fill)
		}
		got, stats, err := c.run(ctx, x, w.shape, w.partitions)
		if err != nil {
			return faultf("run %s, the job fails: %v", w.name, c.runError(err))
		}
		if c.traits.mapOnly() && w.shape.Files != nil {
			got, want = sortLines(got), sortLines(want)
		}
		if got != want {
			return faultf("the rows depend on how the job is run:\n%s%s", diff("- as mr does it, + run "+w.name, want, got), w.why)
		}
		if !maps.Equal(stats.Counts, counted.Counts) || !maps.Equal(stats.SkippedBy, counted.SkippedBy) {
			return faultf("run %s, the job counts otherwise: %v, skipped %v; and at first %v, skipped %v",
				w.name, stats.Counts, stats.SkippedBy, counted.Counts, counted.SkippedBy)
		}
	}
	return nil
}

func sortLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}
