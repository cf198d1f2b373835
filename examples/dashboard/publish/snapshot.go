package publish

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/telemetry-mr/mr/storage"
)

// A snapshot is the folder of a release, being written under a hidden name.
type snapshot struct {
	name string // that it is to have
	dir  string
	zip  *gzip.Writer // nil if files are not compressed, too
	err  error
}

func newSnapshot(site, name string, compress bool) (*snapshot, error) {
	dir, err := os.MkdirTemp(site, ".new-")
	if err != nil {
		return nil, err
	}
	s := &snapshot{name: name, dir: dir}
	if compress {
		s.zip = gzip.NewWriter(nil)
	}
	return s, os.Chmod(dir, 0o755)
}

// write adds a file. Errors stick until close.
func (s *snapshot) write(name string, content []byte) {
	if s.err != nil {
		return
	}
	name = within(s.dir, name)
	if s.err = createFile(name, content); s.err == nil && s.zip != nil {
		var b bytes.Buffer
		s.zip.Reset(&b)
		_, _ = s.zip.Write(content) // a Buffer takes all
		_ = s.zip.Close()
		s.err = createFile(name+".gz", b.Bytes())
	}
}

// keep adds a file of another folder, as it is there. It is the same file where there are links.
func (s *snapshot) keep(dir, name string) {
	files := []string{name}
	if s.zip != nil {
		files = append(files, name+".gz")
	}
	for _, name := range files {
		from, to := within(dir, name), within(s.dir, name)
		if s.err == nil && os.Link(from, to) != nil {
			var content []byte
			if content, s.err = os.ReadFile(from); s.err == nil {
				s.err = createFile(to, content)
			}
		}
	}
}

// within is filepath.Join for a clean dir and the name of a file in it: there are tens of thousands.
func within(dir, name string) string { return dir + string(filepath.Separator) + name }

// close makes the names of the files durable, and reports errors of write.
func (s *snapshot) close() error {
	if s.err != nil {
		return s.err
	}
	return syncDir(s.dir)
}

// rename gives the folder its name, once its files are on the disk.
func (s *snapshot) rename() error {
	return os.Rename(s.dir, filepath.Join(filepath.Dir(s.dir), s.name))
}

// remove removes the folder if it still has its hidden name.
func (s *snapshot) remove() {
	_ = os.RemoveAll(s.dir) // the next Publish removes what is left
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
	folderName = regexp.MustCompile(`^\d{8}-\d+-\w+-[0-9a-f]{8,16}$`)
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
