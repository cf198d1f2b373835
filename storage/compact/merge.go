package compact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

var errName = errors.New("a file name cannot be made")

// A merged file is complete, on the disk, and has not taken its place.
type merged struct {
	replacement        storage.Replacement
	oldBytes, newBytes int64
}

// merge writes the content of some files of a partition to one.
func (r *run) merge(ctx context.Context, dir string, files []storage.File) (*merged, error) {
	to, err := r.name(dir, files)
	if err != nil {
		return nil, err
	}
	m := &merged{replacement: storage.Replacement{From: path.Join(stage, to), To: to}}
	w, err := storage.CreateFileIn(r.root, filepath.FromSlash(m.replacement.From))
	if err != nil {
		return nil, fmt.Errorf("compacting: %w", err)
	}
	defer w.Close() // discards what Commit did not get
	mode := fs.FileMode(0o777)
	lines := &lineWriter{w: w}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := lines.add(f); err != nil {
			return nil, err
		}
		info, err := r.root.Lstat(filepath.FromSlash(f.Path))
		if err != nil {
			return nil, err
		}
		mode &= info.Mode().Perm()
		m.oldBytes += f.Size
		m.replacement.Old = append(m.replacement.Old, path.Base(f.Path))
	}
	if err := w.Commit(); err != nil {
		return nil, err
	}
	m.newBytes = w.Size()
	// What all of the old ones were hidden from must not see the new one.
	if err := r.root.Chmod(filepath.FromSlash(m.replacement.From), mode); err != nil {
		return nil, fmt.Errorf("compacting: %w", err)
	}
	return m, nil
}

// name makes the name of the file for others, which depends on their names and sizes alone.
func (r *run) name(dir string, files []storage.File) (string, error) {
	h := sha256.New()
	var values []string
	for _, v := range files[0].Dims.All() {
		values = append(values, v)
	}
	for _, f := range files {
		fmt.Fprintf(h, "%d %s\x00", f.Size, f.Path)
	}
	name := path.Base(r.Store.Schema().Path(values)) + ".c" + hex.EncodeToString(h.Sum(nil)[:12]) + ".zst"
	file, err := r.Store.File(path.Join(dir, name), 0)
	if err != nil || file.Dims.String() != files[0].Dims.String() {
		return "", fmt.Errorf("%w: %s does not have the dimensions that it is for", errName, name)
	}
	if _, err := r.root.Lstat(filepath.FromSlash(file.Path)); err == nil {
		return "", fmt.Errorf("%w: %s is there already", errName, name)
	}
	return name, nil
}

// A lineWriter joins files such that no line of one goes on in the next.
type lineWriter struct {
	w      *storage.FileWriter
	isOpen bool // the last line has no end
}

// add writes the content of a file, with an end to its last line if it has none.
func (l *lineWriter) add(f storage.File) error {
	r, err := f.Open(storage.ReadOptions{})
	if err != nil {
		return err
	}
	defer r.Close() // reading only: there is nothing to lose
	if _, err := r.WriteTo(l); err != nil {
		return err
	}
	if r.Counts().StoredBytes != f.Size {
		return fmt.Errorf("%s: %w: it had %d bytes, %d were read", f.Path, storage.ErrChanged, f.Size, r.Counts().StoredBytes)
	}
	if !l.isOpen {
		return nil
	}
	_, err = io.Copy(l, strings.NewReader("\n"))
	return err
}

func (l *lineWriter) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.isOpen = p[len(p)-1] != '\n'
	}
	return l.w.Write(p)
}
