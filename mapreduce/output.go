package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
	"github.com/telemetry-mr/mr/storage"
)

// resolveOutput returns where the output is, behind symbolic links: that is what is locked and replaced. It refuses what is
// no place for a file.
func resolveOutput(output string) (string, error) {
	if output == "" {
		return "", nil
	}
	path := output
	for range 40 { // as many links as the kernel follows
		link, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	info, err := os.Stat(abs)
	switch {
	case strings.HasPrefix(abs, "/dev/") || strings.HasPrefix(abs, "/proc/"):
		return "", &ConfigError{Msg: fmt.Sprintf("the output %s is no place for a file", output), Hint: "without an output, rows go to standard output"}
	case err == nil && !info.Mode().IsRegular():
		return "", &ConfigError{Msg: fmt.Sprintf("the output %s is not a regular file", output)}
	}
	return abs, nil
}

// tryOutput finds before the work what would be in the way of the output at its end, as far as that can be known.
func tryOutput(output string) error {
	f, err := storage.CreateFile(output)
	if errors.Is(err, storage.ErrReadOnlyCodec) {
		return &ConfigError{
			Msg:  fmt.Sprintf("the output %s would need a codec that can be read, not written", output),
			Hint: "use the extension .zst or .gz, or none of these",
		}
	}
	if err != nil {
		return fmt.Errorf("the output: %w", err)
	}
	return f.Close()
}

// commit makes the output appear: a file, whole and synced, or a stream, which gets its first byte now. The quarantine appears
// just before. The parts are those of the output, in order; if its file was begun, they are in it.
func (r *run) commit(ctx context.Context, parts []worker.Rows) (err error) {
	q := &quarantine{}
	commit := func() error { return nil }
	if r.cfg.Quarantine != "" {
		if q, err = r.prepareQuarantine(); err != nil {
			return err
		}
		commit = q.commit
	}
	defer q.close()
	if r.cfg.Output == "" {
		if err := commit(); err != nil {
			return err
		}
		j, err := newJoiner(stream{ctx, r.cfg.stdout()}, r.header(), len(parts))
		if err != nil {
			return err
		}
		return r.join(ctx, j, parts)
	}
	if r.file == nil {
		j, err := r.beginFile(len(parts))
		if err != nil {
			return err
		}
		if err := r.join(ctx, j, parts); err != nil {
			return err
		}
	}
	if err := commit(); err != nil {
		return err
	}
	return r.file.Commit()
}

// beginFile begins the file of the output, which is to have so many parts.
func (r *run) beginFile(parts int) (*joiner, error) {
	f, err := storage.CreateFile(r.cfg.Output)
	if err != nil {
		return nil, err
	}
	r.undo = append(r.undo, func() { _ = f.Close() }) // commit has told of errors
	f.WriteBehind()
	r.file = f
	return newJoiner(f, r.header(), parts)
}

// join joins parts that are all there.
func (r *run) join(ctx context.Context, j *joiner, parts []worker.Rows) error {
	r.meter.join(r.outputBytes(parts), &j.done)
	var err error
	for i := 0; i < len(parts) && err == nil; i++ {
		err = j.add(ctx, i, parts[i])
	}
	r.stats.Output = j.done.Load()
	return cmp.Or(err, j.finish())
}

func (r *run) header() []byte { return r.format.header(r.job.Columns) }

func (r *run) outputBytes(parts []worker.Rows) int64 {
	n := int64(len(r.header()))
	for _, p := range parts {
		n += p.Bytes
	}
	return n
}

// workDir makes the run's own directory. With an output it has a name made from the output's, beside it or in
// cfg.WorkDir; the output's lock keeps it for this run, so what is there was left by a run that was killed, and goes.
// Without an output it is private to this process.
func workDir(cfg *Config) (dir string, remove func(), err error) {
	if cfg.Output == "" {
		dir, remove, err = worker.NewPrivateDir(cmp.Or(cfg.WorkDir, os.TempDir()))
		if err != nil {
			return "", nil, fmt.Errorf("making work directory: %w", err)
		}
		return dir, remove, nil
	}
	output, err := filepath.Abs(cfg.Output)
	if err != nil {
		return "", nil, err
	}
	parent, base := filepath.Split(output)
	if cfg.WorkDir != "" {
		if parent, err = filepath.Abs(cfg.WorkDir); err != nil {
			return "", nil, err
		}
		h := fnv.New32a()
		_, _ = io.WriteString(h, output) // never fails
		base = fmt.Sprintf("%s-%08x", base, h.Sum32())
	}
	dir = filepath.Join(parent, "."+base+".work")
	if err := os.RemoveAll(dir); err != nil {
		return "", nil, fmt.Errorf("removing what an earlier run left: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("making work directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // what is left, the next run removes
}
