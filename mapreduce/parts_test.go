package mapreduce_test

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telemetry-mr/mr/mapreduce"
	"github.com/telemetry-mr/mr/mapreduce/internal/shape"
	"github.com/telemetry-mr/mr/storage"
)

const (
	smallFile = "saved_session/Firefox/nightly/30.0a1/1.20140307.v2.log"
	largeFile = "saved_session/Firefox/nightly/30.0a1/2.20140308.v2.log.zst"
	plainFile = "saved_session/Firefox/nightly/30.0a1/3.20140309.v2.log"
)

// largeStore has a file of several frames between two that cannot be divided. Each has a line that is no record.
func largeStore(t *testing.T) string {
	t.Helper()
	store := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&text, "%05d\t{\"info\":{\"OS\":\"%d\"},\"noise\":\"", i, i%7)
		for range 30 {
			fmt.Fprintf(&text, "%016x", rng.Uint64())
		}
		text.WriteString("\"}\n")
		if i == 6000 {
			text.WriteString("no record\n")
		}
	}
	writeFile(t, store, smallFile, "small\t{}\nno record\n")
	writeFile(t, store, plainFile, text.String())
	writeFile(t, store, largeFile, string(stored(t, largeFile, text.String())))
	return store
}

// A large file is shared by several tasks, and nobody can tell from what comes out.
func TestLargeFileIsDivided(t *testing.T) {
	store := largeStore(t)
	cfg := mapreduce.Config{Data: store, Workers: 2, Receipt: true, MaxBad: mapreduce.Budget{N: 3}}
	for _, job := range []string{"lists", "extract"} {
		var want string
		var whole mapreduce.Stats
		for i, size := range []int64{1 << 30, 300 << 10, 700 << 10} {
			out, stats, err := runShaped(t, shape.Shape{TaskBytes: size}, command(job), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				want, whole = out, stats
				continue
			}
			if least := int(stats.Inputs[1].Size / size / 2); stats.MapTasks < least || whole.MapTasks != 1 {
				t.Errorf("%s: %d tasks of %d bytes, want at least %d", job, stats.MapTasks, size, least)
			}
			if out != want || stats.Files != 3 || stats.Lines != whole.Lines || stats.StoredBytes != whole.StoredBytes || stats.Bytes != whole.Bytes {
				t.Errorf("%s in tasks of %d bytes: other output or account: %+v, want %+v", job, size, stats, whole)
			}
			if !slices.Equal(stats.BadRecords, whole.BadRecords) || len(whole.BadRecords) != 3 || whole.BadRecords[1].Line != 6002 {
				t.Errorf("%s: bad records %+v, want %+v", job, stats.BadRecords, whole.BadRecords)
			}
			for _, in := range stats.Inputs {
				if sum := crc32.ChecksumIEEE([]byte(read(t, filepath.Join(store, in.Path)))); !in.Read || in.CRC32 != sum {
					t.Errorf("%s: %+v, want CRC-32 %08x", job, in, sum)
				}
			}
		}
	}
}

// Parts of two versions of a file are never put together.
func TestPartOfAnotherFile(t *testing.T) {
	store := largeStore(t)
	path := filepath.Join(store, largeFile)
	text := read(t, path)
	touched := false
	job := mapreduce.Job[string, int]{Map: func(rec storage.Record, out *mapreduce.Emitter[string, int]) error {
		if string(rec.Key) != "00000" || touched {
			return nil
		}
		touched = true
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(path+".new", time.Time{}, time.Unix(1, 0)); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}}
	cfg := mapreduce.Config{Data: store, Workers: 1, MaxBad: mapreduce.Budget{N: 3}}
	_, _, err := runShaped(t, shape.Shape{TaskBytes: 300 << 10}, mapreduce.Local(job), cfg)
	checkFault(t, err, true, []string{largeFile + ": file changed during the run"})
}
