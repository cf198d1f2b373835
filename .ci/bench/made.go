//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/telemetry-mr/mr/filter"
	"github.com/telemetry-mr/mr/storage"
)

// spreadEvenly makes a store of the records of another one, in files with the same names, as many in each.
func spreadEvenly(from, to string) error {
	tree, err := storage.Open(from)
	if err != nil {
		return err
	}
	defer tree.Close()
	var files []storage.File
	records := 0
	for f, err := range tree.Files(nil) {
		if err != nil {
			return err
		}
		files = append(files, f)
		err := eachRecord(f, func(storage.Record) error {
			records++
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := initStore(to); err != nil {
		return err
	}
	out := &evenFiles{each: (records + len(files) - 1) / len(files)}
	for _, f := range files {
		out.names = append(out.names, filepath.Join(to, filepath.FromSlash(f.Path)))
	}
	for _, f := range files {
		if err := eachRecord(f, out.add); err != nil {
			return err
		}
	}
	return out.commit()
}

func eachRecord(f storage.File, do func(storage.Record) error) error {
	for rec, err := range f.Records() {
		if err == nil {
			err = do(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// evenFiles writes as many records to each of its files.
type evenFiles struct {
	each  int
	names []string // of the files that have not begun
	file  *storage.FileWriter
	left  int // records that the file takes
	line  []byte
}

func (e *evenFiles) add(rec storage.Record) (err error) {
	if e.left == 0 {
		if err := e.commit(); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(e.names[0]), 0o777); err != nil {
			return err
		}
		if e.file, err = storage.CreateFile(e.names[0]); err != nil {
			return err
		}
		e.names, e.left = e.names[1:], e.each
	}
	e.left--
	e.line = append(bytes.Join([][]byte{rec.Key, rec.Value}, []byte{'\t'}), '\n')
	_, err = e.file.Write(e.line)
	return err
}

// commit ends the file under way, if there is one.
func (e *evenFiles) commit() error {
	if e.file == nil {
		return nil
	}
	return errors.Join(e.file.Publish(), e.file.Close())
}

// oneFile makes a store of one file, which has 1 KB stored.
func oneFile(dir string) error {
	var lines []byte
	for i := range 20 {
		lines = fmt.Appendf(lines, "%08x\t{\"info\": {\"OS\": %q, \"n\": %d}}\n", 0x9e3779b1*(i+1)&0xffffffff, []string{"WINNT", "Darwin", "Linux"}[i%3], i*i)
	}
	return writeFiles(dir, []string{"idle_daily/app01/beta/1.0/20130101000000.20130101.v2.log.0"}, lines)
}

// emptyFiles makes a store of empty files, one for each combination of so many values of each dimension.
func emptyFiles(dir string, reasons, apps, channels, versions, builds, dates int) error {
	var names []string
	for n := range reasons * apps * channels * versions * builds * dates {
		next := func(of int) int {
			i := n % of
			n /= of
			return i
		}
		date, build, version, channel, app, reason := next(dates), next(builds), next(versions), next(channels), next(apps), next(reasons)
		names = append(names, fmt.Sprintf("%s/app%02d/%s/%d.0/%s000000.%s.v2.log.%d",
			[]string{"idle_daily", "saved_session"}[reason], app+1,
			[]string{"release", "beta", "nightly", "aurora", "OTHER"}[channel], version+1, day(build), day(date), n))
	}
	return writeFiles(dir, names, nil)
}

// day is the date of the n-th day of 2013.
func day(n int) string {
	return time.Date(2013, time.January, 1+n, 0, 0, 0, 0, time.UTC).Format("20060102")
}

func initStore(dir string) error {
	schema := storage.DefaultSchema()
	schema.Dimensions[1].Allowed = filter.Set{} // any name of an application
	tree, err := storage.Init(dir, schema)
	if err != nil {
		return err
	}
	return tree.Close()
}

// writeFiles makes a store of files with the same content, as it is. Those of a directory are links to the first: a million
// files are made in half a minute.
func writeFiles(dir string, names []string, content []byte) error {
	if err := initStore(dir); err != nil {
		return err
	}
	var first string
	for _, name := range names {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if filepath.Dir(name) == filepath.Dir(first) {
			if err := os.Link(first, name); err != nil {
				return err
			}
			continue
		}
		first = name
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o666); err != nil {
			return err
		}
	}
	return nil
}
