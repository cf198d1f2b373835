package mapreduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
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

// commit joins the parts, in their order, to the output: a file that appears whole and synced, or a stream that gets its
// first byte when all parts are there. The quarantine appears just before.
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
		return r.join(ctx, r.cfg.stdout(), parts)
	}
	f, err := storage.CreateFile(r.cfg.Output)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.join(ctx, f, parts); err != nil {
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	return f.Commit()
}

// join writes the header and the parts.
func (r *run) join(ctx context.Context, w io.Writer, parts []worker.Rows) error {
	var err error
	var total int64
	for _, p := range parts {
		total += p.Bytes
	}
	part := &r.meter.begin(JoinPhase, 1, total)[0]
	if head := r.format.header(r.job.Columns); len(head) > 0 {
		n, writeErr := w.Write(head)
		r.stats.Output, err = int64(n), writeErr
	}
	for i := 0; i < len(parts) && err == nil; i++ {
		err = r.appendPart(ctx, w, parts[i])
		part.done.Store(r.stats.Output)
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("joining output: %w", err)
	}
	return err
}

// appendPart copies a part and checks that it is what the worker has written.
func (r *run) appendPart(ctx context.Context, w io.Writer, p worker.Rows) error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.copy == nil {
		r.copy = make([]byte, 256<<10)
	}
	var size int64
	var sum uint32
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(r.copy)
		size += int64(n)
		sum = crc32.Update(sum, crc32.IEEETable, r.copy[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		n, err = w.Write(r.copy[:n])
		r.stats.Output += int64(n)
		if err != nil {
			return err
		}
	}
	if size != p.Bytes || sum != p.Checksum {
		return fmt.Errorf("%s is damaged: it has %d bytes with checksum %08x; %d with checksum %08x were written", p.Path, size, sum, p.Bytes, p.Checksum)
	}
	return nil
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
