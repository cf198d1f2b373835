package mapreduce

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/telemetry-mr/mr/mapreduce/internal/worker"
)

// aside is what a run leaves aside: damaged files, and records that a worker does not survive.
type aside struct {
	files   map[string]*worker.TaskError  // what is wrong with a file, by its path
	records map[string][]worker.BadRecord // of a file, in the order of their offsets
	count   int                           // of records

	bytes, allBytes int64 // of damaged files, and of all
	allFiles        int64
}

func newAside(files []worker.File) aside {
	a := aside{files: map[string]*worker.TaskError{}, records: map[string][]worker.BadRecord{}, allFiles: int64(len(files))}
	for _, f := range files {
		a.allBytes += f.Size
	}
	return a
}

// addFile leaves a file aside. It reports whether that is news.
func (a *aside) addFile(damage *worker.TaskError, size int64) bool {
	if a.files[damage.Path] != nil {
		return false
	}
	a.files[damage.Path] = damage
	a.bytes += size
	return true
}

func (a *aside) addRecord(b worker.BadRecord) {
	all := a.records[b.Path]
	i, _ := slices.BinarySearchFunc(all, b.Offset, func(b worker.BadRecord, at int64) int { return cmp.Compare(b.Offset, at) })
	a.records[b.Path] = slices.Insert(slices.Clone(all), i, b) // a worker may be being told of the old ones
	a.count++
}

// without says of files what is to be left aside of them.
func (a *aside) without(files []worker.File) []worker.File {
	if len(a.files) == 0 && len(a.records) == 0 {
		return files
	}
	files = slices.Clone(files)
	for i := range files {
		f := &files[i]
		f.Damaged, f.Aside = a.files[f.Path] != nil, a.records[f.Path]
	}
	return files
}

func (a *aside) damaged() int64 { return int64(len(a.files)) }

// share is how much of the input the damaged files are: of the files or of their bytes, whichever is more. Neither alone would
// do: a file that was cut short is small, and a single one may be large.
func (a *aside) share() share {
	files, bytes := share{a.damaged(), a.allFiles}, share{a.bytes, max(a.allBytes, 1)}
	if float64(bytes.part)*float64(files.whole) > float64(files.part)*float64(bytes.whole) {
		return bytes
	}
	return files
}

// excess is more bad data than a run puts up with.
type excess struct{ records, files int64 }

// because is the end of the run, by way of this record or file. A run that puts up with nothing has nothing to say of numbers.
func (e *excess) because(first *TaskError) *TaskError {
	what := counted(e.records, "bad record")
	if e.files > 0 {
		what = counted(e.files, "damaged file")
		if e.records > 0 {
			what += " and " + counted(e.records, "bad record")
		}
	}
	be := " are"
	if e.records+e.files == 1 {
		be = " is"
	}
	t := *first
	t.BadData = true
	t.Msg = what + be + " more than allowed"
	if first.Msg != "" {
		t.Msg = fmt.Sprintf("%s (%s)", first.Msg, t.Msg)
	}
	return &t
}

func counted(n int64, what string) string {
	switch n {
	case 1:
		return "one " + what
	default:
		return fmt.Sprintf("%d %ss", n, what)
	}
}
