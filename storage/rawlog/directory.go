package rawlog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Finished lists the finished segments in a directory, of any base name and format, in the order in which they were begun.
func Finished(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing raw logs: %w", err)
	}
	var names []string
	for _, e := range entries {
		unfinished, ok := strings.CutSuffix(e.Name(), finishedEnd)
		if ok && e.Type().IsRegular() && unfinished != "" && unfinished[0] != '.' {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(begun(a), begun(b)), cmp.Compare(a, b)) })
	return names, nil
}

// begun is when a segment was begun, in Unix milliseconds: the last part of its unfinished name.
func begun(name string) int64 {
	name = strings.TrimSuffix(name, finishedEnd)
	ms, _ := strconv.ParseInt(name[strings.LastIndexByte(name, '.')+1:], 10, 64) // what is no number comes first
	return ms
}

// isUnfinished tells whether name is that of a segment of base that is being written.
func isUnfinished(name, base string) bool {
	rest, ok := strings.CutPrefix(name, base+".")
	if !ok || strings.HasSuffix(name, finishedEnd) {
		return false
	}
	parts := strings.Split(rest, ".") // format, host, process, time
	if len(parts) < 4 {
		return false
	}
	f := FormatOf("." + parts[0] + ".")
	return (f == V1 || f == V2 || f == V3) && isNumber(parts[len(parts)-2]) && isNumber(parts[len(parts)-1])
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 63)
	return err == nil
}

// Recover finishes the segments of base that killed writers have left in a directory: what follows the last whole record is
// cut off, and the file gets its end and its finished name. Damage before that stays, for readers to tell of. A segment
// without a record is removed. The caller holds the directory's lock. Limits are those of the writer.
func Recover(dir *os.Root, base string, o Options) ([]Recovered, error) {
	root, err := dir.Open(".")
	if err != nil {
		return nil, fmt.Errorf("recovering raw logs: %w", err)
	}
	entries, err := root.ReadDir(-1)
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fmt.Errorf("recovering raw logs: %w", err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	var done []Recovered
	for _, e := range entries {
		if !isUnfinished(e.Name(), base) || !e.Type().IsRegular() {
			continue
		}
		r, err := recoverSegment(dir, e.Name(), base, o)
		if err != nil {
			return done, fmt.Errorf("recovering %s: %w", e.Name(), err)
		}
		done = append(done, r)
	}
	return done, nil
}

// A Recovered is a segment that Recover has finished.
type Recovered struct {
	Name    string // finished, "" if it was removed because there was no record
	Records int64
	Cut     int64 // bytes cut off at the end
}

func recoverSegment(dir *os.Root, name, base string, o Options) (r Recovered, err error) {
	file, err := dir.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return r, err
	}
	format, _, _ := strings.Cut(name[len(base)+1:], ".")
	o.Format, o.Unfinished = FormatOf("."+format+"."), true
	s := &Segment{dir: dir, file: file, name: name, format: o.Format}
	whole, err := s.scan(o)
	if err != nil {
		return r, errors.Join(err, file.Close())
	}
	info, err := file.Stat()
	if err != nil {
		return r, errors.Join(err, file.Close())
	}
	r = Recovered{Records: s.records, Cut: info.Size() - whole}
	s.size = whole
	if err := s.setBack(); err != nil {
		return r, errors.Join(err, file.Close())
	}
	if err := s.Finish(); err != nil {
		return r, errors.Join(err, file.Close())
	}
	if r.Records > 0 {
		r.Name = s.name
	}
	return r, nil
}

// scan counts the records and returns where the last one ends.
func (s *Segment) scan(o Options) (whole int64, err error) {
	r := NewReader(s.file, o)
	layout := r.layout()
	for {
		rec := Record{Offset: r.win.offset}
		v := layout.at(&r.win, &rec)
		if err := r.win.failed(); err != nil {
			return 0, err
		}
		if v.size == 0 {
			break
		}
		r.win.skip(v.size)
		if v.record {
			s.records++
			whole = r.win.offset
		}
	}
	if c, ok := layout.(*checked); ok {
		s.seed = c.seed
	}
	return whole, nil
}
