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

// openOutput begins the output, unless it is a stream.
func (r *run) openOutput() error {
	if r.cfg.Output == "" {
		return nil
	}
	f, err := storage.CreateFile(r.cfg.Output)
	if err != nil {
		return err
	}
	r.undo = append(r.undo, func() { _ = f.Close() }) // commit has told of errors
	f.WriteBehind()
	r.output = f
	return nil
}

// join puts parts that are all there behind the header.
func (r *run) join(ctx context.Context, w io.Writer, parts []worker.Rows) error {
	header := r.format.header(r.job.Columns)
	total := int64(len(header))
	for _, p := range parts {
		total += p.Bytes
	}
	j, err := newJoiner(w, header, len(parts), &r.meter.begin(JoinPhase, 1, total)[0].done)
	for i := 0; i < len(parts) && err == nil; i++ {
		err = j.add(ctx, i, parts[i])
	}
	r.stats.Output = total
	return err
}

// commit makes the output appear, with the parts that are not joined to it yet: a file, whole and synced, or a stream, which gets its
// first byte now. The quarantine appears just before.
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
	if r.output == nil {
		if err := commit(); err != nil {
			return err
		}
		return r.join(ctx, r.cfg.stdout(), parts)
	}
	if parts != nil {
		if err := r.join(ctx, r.output, parts); err != nil {
			return err
		}
	}
	if err := commit(); err != nil {
		return err
	}
	return r.output.Commit()
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
