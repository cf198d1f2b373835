package mapreduce_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/storage"
)

// TestChangedInput has other programs at work on the input of a run: it fails, and says so, unless the run has what was there.
func TestChangedInput(t *testing.T) {
	const later = "saved_session/Firefox/nightly/30.0a1/2.20140308.v2.log"
	write := func(name, text string) error { return os.WriteFile(name, []byte(text), 0o666) }
	replace := func(name, text string) error {
		return errors.Join(write(name+".tmp", text), os.Rename(name+".tmp", name))
	}
	for _, test := range []struct {
		what   string
		change func(store string) error // when the first record is mapped
		fails  string                   // how the message begins; empty: it does not
		bad    bool
	}{
		{"grows", func(store string) error { return write(filepath.Join(store, aFile), "a\t{}\nb\t{}\n") }, aFile + ": the file was changed while it was read", true},
		{"is emptied", func(store string) error { return write(filepath.Join(store, aFile), "") }, aFile + ": the file was changed while it was read", true},
		{"is removed", func(store string) error { return os.Remove(filepath.Join(store, aFile)) }, "", false},
		{"is replaced", func(store string) error { return replace(filepath.Join(store, aFile), "x\t{}\n") }, "", false},
		{"grows before its turn", func(store string) error { return write(filepath.Join(store, later), "c\t{}\nd\t{}\n") }, later + ": file changed during the run: it had 5 bytes when the run began", true},
		{"is replaced before its turn", func(store string) error { return replace(filepath.Join(store, later), "x\t{}\n") }, later + ": file changed during the run: ", true},
		{"is removed before its turn", func(store string) error { return os.Remove(filepath.Join(store, later)) }, later + ": the file is gone since the run began", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			store := t.TempDir()
			writeFile(t, store, aFile, "a\t{}\n")
			writeFile(t, store, later, "b\t{}\n")
			var once sync.Once
			job := mapreduce.Job[string, int]{
				Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
					once.Do(func() {
						if err := test.change(store); err != nil {
							t.Error(err)
						}
					})
					out.Emit(string(rec.Key), 1)
					return nil
				},
				Combine: mapreduce.Sum[int],
			}
			rows, _, err := runJob(t, mapreduce.Local(job), mapreduce.Config{Data: store, Workers: 1})
			if test.fails != "" {
				checkFault(t, err, test.bad, []string{test.fails})
			} else if err != nil || rows != "a\t1\nb\t1\n" {
				t.Errorf("rows %q, %v", rows, err)
			}
		})
	}
}
