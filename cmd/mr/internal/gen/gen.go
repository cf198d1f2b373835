// Package gen makes stores of made-up telemetry pings: the shape, the sizes and the skew of a browser's submissions of
// 2013 and 2014, and no real value. Tests, benchmarks and first tries of a job use them.
//
// A store is a function of its Options: the same ones give the same bytes, whatever the number of CPUs, as long as the
// program is the same build (the codec's version decides about compressed bytes, the processor about the last digit of a
// logarithm). Each ping is made from the seed and its number alone.
package gen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/telemetry-mr/mr/storage"
)

// The variants of a store.
const (
	Std   = "std"   // 800 files of log-normal size, 73,410 pings of 13.7 KB: about 1 GB
	Small = "small" // 100,000 files of one ping of 4.2 KB
	Skew  = "skew"  // 200 files, one of which holds four fifths of 73,026 pings
)

// Options say what to make. The zero value of a field is its default.
type Options struct {
	Dir     string // the store: must not exist yet, or be an empty directory
	Pings   int    // default: the variant's, or in the variant's proportion to Files
	Files   int    // default: the variant's, or in the variant's proportion to Pings; never more than Pings
	Seed    uint64
	Variant string // Std (default), Small or Skew
	Codec   string // zstd (default), gzip or plain
	Bad     int    // for RunRaw: pings of a million with something wrong
}

// Stats tell what was made.
type Stats struct {
	Files       int
	Pings       int
	Bytes       int64 // of the records, with keys, TABs and LFs
	StoredBytes int64 // of the files, without schema.json
}

// variant is the shape of a store.
type variant struct {
	files, pings int
	sigma        float64 // of the logarithm of a file's pings
	giant        float64 // share of the pings that the first file holds
	small        bool    // pings of a third of the size
}

var variants = map[string]variant{
	Std:   {files: 800, pings: 73410, sigma: 1.45},
	Small: {files: 100000, pings: 100000, small: true},
	Skew:  {files: 200, pings: 73026, sigma: 1.2, giant: 0.8},
}

var suffixes = map[string]string{"zstd": ".zst", "gzip": ".gz", "plain": ""}

// Check tells what is wrong with the options, before anything is made.
func (o Options) Check() error {
	_, _, err := o.resolve()
	return err
}

// resolve checks the options and fills in the defaults.
func (o Options) resolve() (Options, variant, error) {
	if o.Variant == "" {
		o.Variant = Std
	}
	if o.Codec == "" {
		o.Codec = "zstd"
	}
	v, ok := variants[o.Variant]
	if !ok {
		return o, v, fmt.Errorf("unknown variant %q: std, small or skew", o.Variant)
	}
	if _, ok := suffixes[o.Codec]; !ok {
		return o, v, fmt.Errorf("unknown codec %q: zstd, gzip or plain", o.Codec)
	}
	if o.Dir == "" {
		return o, v, errors.New("no directory given")
	}
	if o.Pings < 0 || o.Files < 0 {
		return o, v, errors.New("the numbers of pings and files must be positive")
	}
	perFile := float64(v.pings) / float64(v.files)
	switch {
	case o.Pings == 0 && o.Files == 0:
		o.Pings, o.Files = v.pings, v.files
	case o.Pings == 0:
		o.Pings = max(int(float64(o.Files)*perFile), 1)
	case o.Files == 0:
		o.Files = max(int(float64(o.Pings)/perFile), 1)
	}
	o.Files = min(o.Files, o.Pings)
	return o, v, nil
}

// ErrNotEmpty says that there is something in Dir already.
var ErrNotEmpty = errors.New("is not empty")

// Run makes the store. It appears at Dir whole or not at all: it grows under a hidden temporary name beside it, which an
// error or the end of ctx removes. What a killed run leaves under that name, the next run for the same Dir removes.
// Nothing is synced: after a power cut, make it again.
func Run(ctx context.Context, o Options) (Stats, error) {
	o, v, err := o.resolve()
	if err != nil {
		return Stats{}, err
	}
	return whole(o, func(dir string) (Stats, error) { return fill(ctx, dir, o, v) })
}

// whole makes o.Dir of what fill makes in a temporary directory.
func whole(o Options, fill func(dir string) (Stats, error)) (Stats, error) {
	if names, err := os.ReadDir(o.Dir); err == nil && len(names) > 0 {
		return Stats{}, fmt.Errorf("making store: %s %w", o.Dir, ErrNotEmpty)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stats{}, fmt.Errorf("making store: %w", err)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return Stats{}, fmt.Errorf("making store: %w", err)
	}
	tmp := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".gen.tmp")
	if err := os.RemoveAll(tmp); err != nil {
		return Stats{}, fmt.Errorf("removing an unfinished store: %w", err)
	}
	stats, err := fill(tmp)
	if err == nil {
		_ = os.Remove(dir) // an empty directory is in the way of Rename, which tells if this fails
		err = os.Rename(tmp, dir)
	}
	if err != nil {
		_ = os.RemoveAll(tmp) // best effort: err says what matters
		return Stats{}, fmt.Errorf("making store %s: %w", o.Dir, err)
	}
	return stats, nil
}

// fill writes the store's files into dir, as many at a time as there are CPUs, the largest first.
func fill(ctx context.Context, dir string, o Options, v variant) (Stats, error) {
	tree, err := storage.Init(dir, storage.DefaultSchema())
	if err != nil {
		return Stats{}, err
	}
	if err := tree.Close(); err != nil {
		return Stats{}, err
	}
	files := plan(o, v)
	todo := make([]*file, len(files))
	for i := range files {
		todo[i] = &files[i]
	}
	slices.SortStableFunc(todo, func(a, b *file) int { return cmp.Compare(b.pings, a.pings) })

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *file)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			p := newPings(o.Seed, v.small, files)
			for f := range queue {
				if err := writeFile(ctx, dir, suffixes[o.Codec], p, f); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for _, f := range todo {
		select {
		case queue <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	if ctx.Err() != nil {
		return Stats{}, context.Cause(ctx)
	}

	stats := Stats{Files: len(files)}
	for i := range files {
		stats.Pings += files[i].pings
		stats.Bytes += files[i].raw
		stats.StoredBytes += files[i].stored
	}
	return stats, nil
}

// writeFile writes the pings of one file and sets its sizes.
func writeFile(ctx context.Context, dir, suffix string, p *Pings, f *file) (err error) {
	name := filepath.Join(dir, filepath.FromSlash(f.path+suffix))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	w, err := storage.CreateFile(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for i := range f.pings {
		if i%64 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.make(f, f.first+uint64(i))
		if _, err := w.Write(p.line); err != nil {
			return err
		}
		f.raw += int64(len(p.line))
	}
	if err := w.Publish(); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	f.stored = info.Size()
	return nil
}
