package mapreduce

import (
	"cmp"
	"context"
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

// commit joins the parts, in their order, to the output: a file that appears whole and synced, or a stream that gets its
// first byte when all parts are there.
func commit(ctx context.Context, cfg *Config, parts []worker.Rows) (size int64, err error) {
	if cfg.Output == "" {
		return join(ctx, cfg.stdout(), parts)
	}
	f, err := storage.CreateFile(cfg.Output)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if size, err = join(ctx, f, parts); err != nil {
		return 0, err
	}
	return size, f.Commit()
}

func join(ctx context.Context, w io.Writer, parts []worker.Rows) (size int64, err error) {
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := appendFile(w, p.Path)
		size += n
		if err != nil {
			return size, fmt.Errorf("joining output: %w", err)
		}
		if n != p.Bytes {
			return size, fmt.Errorf("joining output: %s has %d bytes, %d were written", p.Path, n, p.Bytes)
		}
	}
	return size, nil
}

func appendFile(w io.Writer, path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(w, f)
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
