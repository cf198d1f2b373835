package shuffle_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

// compositeKey makes keys of about 50 bytes that share long prefixes, as keys of several dimensions do.
func compositeKey(i int) []byte {
	return fmt.Appendf(nil, "saved_session\x00\x01Firefox\x00\x01nightly\x00\x01%04d.0a1\x00\x01%09d\x00\x01", i%7, i)
}

func benchKeys(n int) [][]byte {
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = compositeKey(i * 7919 % n)
	}
	return keys
}

func sumTable() *shuffle.Table[int] {
	return shuffle.NewTable(shuffle.TableJob[int]{
		Combine: func(acc *int, v int) { *acc += v },
		Clone:   func(v int) int { return v },
		Append:  appendInt,
	})
}

func listTable() *shuffle.Table[int] {
	return shuffle.NewTable(shuffle.TableJob[int]{Append: appendInt})
}

func appendInt(dst []byte, v *int) ([]byte, error) { return binary.AppendVarint(dst, int64(*v)), nil }

// fill adds a pair of each key.
func fill(b *testing.B, t *shuffle.Table[int], keys [][]byte) {
	v := 1
	for _, key := range keys {
		if _, err := t.Add(key, &v); err != nil {
			b.Fatal(err)
		}
	}
}

// spill writes t to a run.
func spill(b *testing.B, t *shuffle.Table[int], path string) {
	w, err := shuffle.CreateRun(path)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	if err := t.WriteTo(w); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		b.Fatal(err)
	}
}

func benchTables(b *testing.B, f func(b *testing.B, t *shuffle.Table[int], keys [][]byte)) {
	for _, n := range []int{1_000, 100_000} {
		keys := benchKeys(n)
		b.Run(fmt.Sprintf("mode=combine/keys=%d", n), func(b *testing.B) { f(b, sumTable(), keys) })
		b.Run(fmt.Sprintf("mode=list/keys=%d", n), func(b *testing.B) { f(b, listTable(), keys) })
	}
}

// Pairs of keys that the table knows.
func BenchmarkAddHit(b *testing.B) {
	benchTables(b, func(b *testing.B, t *shuffle.Table[int], keys [][]byte) {
		fill(b, t, keys)
		keys = slices.Clone(keys)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		b.ReportAllocs()
		n, v := 0, 1
		for b.Loop() {
			if _, err := t.Add(keys[n], &v); err != nil {
				b.Fatal(err)
			}
			if n++; n == len(keys) {
				n = 0
				if t.Size() > 256<<20 {
					t.Reset()
				}
			}
		}
	})
}

// Pairs of new keys.
func BenchmarkAddMiss(b *testing.B) {
	benchTables(b, func(b *testing.B, t *shuffle.Table[int], keys [][]byte) {
		b.ReportAllocs()
		n, v := 0, 1
		for b.Loop() {
			if _, err := t.Add(keys[n], &v); err != nil {
				b.Fatal(err)
			}
			if n++; n == len(keys) {
				n = 0
				t.Reset()
			}
		}
	})
}

// Sorting and writing.
func BenchmarkSpill(b *testing.B) {
	benchTables(b, func(b *testing.B, t *shuffle.Table[int], keys [][]byte) {
		path := filepath.Join(b.TempDir(), "run")
		pairs := 0
		for b.Loop() {
			b.StopTimer()
			fill(b, t, keys)
			b.StartTimer()
			spill(b, t, path)
			pairs += len(keys)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pairs), "ns/pair")
	})
}

func BenchmarkMerge(b *testing.B) {
	const pairs = 1 << 19
	keys := benchKeys(pairs)
	for _, k := range []int{8, 64, 256} {
		b.Run(fmt.Sprintf("runs=%d", k), func(b *testing.B) {
			dir := b.TempDir()
			var paths []string
			for share := range slices.Chunk(keys, pairs/k) {
				t := sumTable()
				fill(b, t, share)
				path := filepath.Join(dir, fmt.Sprintf("%d.run", len(paths)))
				spill(b, t, path)
				paths = append(paths, path)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				m, err := shuffle.Merge(paths, nil, nil, k, filepath.Join(dir, "m-"), goOn)
				if err != nil {
					b.Fatal(err)
				}
				for m.Next() {
					n++
				}
				if m.Err() != nil {
					b.Fatal(m.Err())
				}
				_ = m.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
		})
	}
}
