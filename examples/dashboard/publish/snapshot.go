package publish

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/telemetry-mr/mr/storage"
)

// A snapshot is the folder of a release, being written under a hidden name. Its final name has a hash of its content: the
// same data has the same name, and a folder never changes.
type snapshot struct {
	site     string
	dir      string
	compress bool
	hash     hash.Hash
	err      error
}

func newSnapshot(site string, compress bool) (*snapshot, error) {
	dir, err := os.MkdirTemp(site, ".new-")
	if err != nil {
		return nil, err
	}
	return &snapshot{site: site, dir: dir, compress: compress, hash: sha256.New()}, os.Chmod(dir, 0o755)
}

// write adds a file. Errors stick until close.
func (s *snapshot) write(name string, content []byte) {
	if s.err != nil {
		return
	}
	fmt.Fprintf(s.hash, "%s\x00%d\x00", name, len(content))
	s.hash.Write(content)
	name = filepath.Join(s.dir, name)
	if s.err = os.WriteFile(name, content, 0o644); s.err == nil && s.compress {
		s.err = os.WriteFile(name+".gz", zipped(content), 0o644)
	}
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a Buffer takes all
	_ = z.Close()
	return b.Bytes()
}

// close returns the name that the folder is to have: prefix and the hash.
func (s *snapshot) close(prefix string) (folder string, err error) {
	if s.err != nil {
		return "", s.err
	}
	if s.compress { // a folder without the compressed files does not stand for one with them
		s.hash.Write([]byte("gzip"))
	}
	return prefix + "-" + hex.EncodeToString(s.hash.Sum(nil))[:8], syncDir(s.dir)
}

// rename gives the folder its name, once its files are on the disk.
func (s *snapshot) rename(folder string) error {
	final := filepath.Join(s.site, folder)
	if _, err := os.Lstat(final); err == nil {
		return nil // the same is there already; remove removes this one
	}
	return os.Rename(s.dir, final)
}

// remove removes what rename has not given a name.
func (s *snapshot) remove() {
	_ = os.RemoveAll(s.dir) // what is left has a hidden name, and the next Publish removes it
}

// writeFile writes a file of the site itself, with one behind that has .gz at its end if it is to be there compressed, too.
func writeFile(name string, content []byte, compress bool) error {
	if compress {
		if err := writeFile(name+".gz", content, false); err != nil {
			return err
		}
	}
	if err := storage.RemoveTemporary(name); err != nil { // of one that was killed
		return err
	}
	f, err := storage.CreateFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, _ = f.Write(content) // Commit reports it
	return f.Commit()
}

var (
	folderName = regexp.MustCompile(`^\d{8}-\d+-\w+-[0-9a-f]{8}$`)
	hiddenName = regexp.MustCompile(`^\.new-\d+$`)
)

// removeFolders removes the folders in site that are not to be kept, and what killed publishers have left. Nothing else is
// touched.
func removeFolders(site string, keep map[string]bool) error {
	entries, err := os.ReadDir(site)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || !hiddenName.MatchString(name) && (!folderName.MatchString(name) || keep[name]) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(site, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
