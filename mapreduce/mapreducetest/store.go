package mapreducetest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telemetry-mr/mr/storage"
)

// store is a store of records in a temporary directory.
type store struct {
	dir   string
	files []storage.File
	place map[place]int // index of the record
	n     int
	tree  *storage.Tree
}

// A place is where a record is.
type place struct {
	path string
	line int64
}

// filesPerPartition is how many files the records of a partition are in, if they are so many: enough to make tasks of.
const filesPerPartition = 8

// newStore makes a store, whose files hold the records of each partition in their order. The caller must close it.
func newStore(records []Record, schema *storage.Schema) (*store, error) {
	dir, err := os.MkdirTemp("", "mapreducetest")
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir, place: map[place]int{}, n: len(records)}
	if err := s.fill(records, schema); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *store) fill(records []Record, schema *storage.Schema) (err error) {
	if s.tree, err = storage.Init(s.dir, schema); err != nil {
		return err
	}
	partitions := map[string][]int{}
	for i, r := range records {
		path, err := pathOf(s.tree.Schema(), r)
		if err != nil {
			return fmt.Errorf("record %d (%q): %w", i+1, r.Key, err)
		}
		partitions[path] = append(partitions[path], i)
	}
	for path, members := range partitions {
		size := (len(members) + filesPerPartition - 1) / filesPerPartition
		n := 0
		for chunk := range slices.Chunk(members, size) {
			if err := s.write(fmt.Sprintf("%s.%02d", path, n), chunk, records); err != nil {
				return err
			}
			n++
		}
	}
	for f, err := range s.tree.Files(nil) {
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
	}
	return nil
}

// pathOf is the path of the files that a record may be in, without what tells them apart.
func pathOf(schema *storage.Schema, r Record) (string, error) {
	values := make([]string, len(schema.Dimensions))
	var names []string
	known := 0
	for i, d := range schema.Dimensions {
		if v, ok := r.Dims[d.Name]; ok {
			values[i] = v
			known++
		}
		names = append(names, d.Name)
	}
	if known == len(r.Dims) {
		return schema.Path(values), nil
	}
	for name := range r.Dims {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("the schema has no dimension %s; it has %s", name, strings.Join(names, ", "))
		}
	}
	panic("unreachable")
}

var ends = strings.NewReplacer("\r", " ", "\n", " ")

// write writes one file.
func (s *store) write(path string, members []int, records []Record) error {
	name := filepath.Join(s.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	var text []byte
	for k, i := range members {
		r := records[i]
		if strings.ContainsAny(r.Key, "\t\r\n") {
			return fmt.Errorf("record %d (%q): a key cannot hold TAB, CR or LF", i+1, r.Key)
		}
		text = append(text, r.Key+"\t"+ends.Replace(r.Value)+"\n"...)
		s.place[place{path, int64(k + 1)}] = i
	}
	return os.WriteFile(name, text, 0o600)
}

func (s *store) close() {
	if s.tree != nil {
		_ = s.tree.Close() // only read
	}
	_ = os.RemoveAll(s.dir) // it is in the temporary directory
}

// input returns the indexes of the records in the order of the input.
func (s *store) input() []int {
	at := make([]place, s.n)
	order := make([]int, s.n)
	for p, i := range s.place {
		at[i], order[i] = p, i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(strings.Compare(at[a].path, at[b].path), cmp.Compare(at[a].line, at[b].line))
	})
	return order
}

// each calls f with the records whose indexes are given, in that order. What is no record is passed over.
func (s *store) each(order []int, f func(i int, rec storage.Record) error) error {
	at := make([]place, s.n)
	for p, i := range s.place {
		at[i] = p
	}
	byPath := map[string]storage.File{}
	for _, file := range s.files {
		byPath[file.Path] = file
	}
	for _, i := range order {
		for rec, err := range byPath[at[i].path].Records() {
			if err != nil || rec.Line() != at[i].line {
				continue // the runs find it as well, and say it
			}
			if err := f(i, rec); err != nil {
				return err
			}
			break
		}
	}
	return nil
}
