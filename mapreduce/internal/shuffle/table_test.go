package shuffle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

func appendBytes(dst []byte, v *[]byte) ([]byte, error) { return append(dst, *v...), nil }

// joinTable combines values to one, which shows their order and who owns its memory.
func joinTable() *shuffle.Table[[]byte] {
	return shuffle.NewTable(shuffle.TableJob[[]byte]{
		Combine: func(acc *[]byte, v []byte) { *acc = append(*acc, v...) },
		Clone:   bytes.Clone,
		Append:  appendBytes,
	})
}

func bytesTable() *shuffle.Table[[]byte] {
	return shuffle.NewTable(shuffle.TableJob[[]byte]{Append: appendBytes})
}

func TestTable(t *testing.T) {
	dir := t.TempDir()
	for _, combine := range []bool{true, false} {
		t.Run(fmt.Sprintf("combine=%t", combine), rapid.MakeCheck(func(t *rapid.T) {
			table := bytesTable()
			if combine {
				table = joinTable()
			}
			value := valueMaker(0, 0, 1, 2, 5, 8, 19, 20, 126, 127, 128, 1000, 2000, 5000, 32_000, 40_000, 300_000)
			for range rapid.IntRange(1, 3).Draw(t, "rounds") {
				want := fillTable(t, table, keys(t, 40), value)
				if rapid.Bool().Draw(t, "reset") {
					table.Reset()
					checkReset(t, table)
					continue
				}
				if combine {
					for k, vs := range want {
						want[k] = []string{strings.Join(vs, "")}
					}
				}
				path := filepath.Join(dir, "table.run")
				run := write(t, path, table.WriteTo)
				checkReset(t, table)
				if run.Pairs != want.pairs() {
					t.Fatalf("run has %d pairs, want %d", run.Pairs, want.pairs())
				}
				got, err := read([]string{path}, nil, nil, 8, dir)
				if err != nil {
					t.Fatal(err)
				}
				check(t, got, want.groups(nil, nil))
			}
		}))
	}
}

// fillTable adds pairs and checks what the table says of itself.
func fillTable(t *rapid.T, table *shuffle.Table[[]byte], keys []string, value func(t *rapid.T) string) model {
	want := model{}
	var pairs, size, held int64
	key, buf := []byte(nil), []byte(nil)
	for range rapid.IntRange(0, 60).Draw(t, "adds") {
		k, v := rapid.SampledFrom(keys).Draw(t, "key"), value(t)
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 100}).Draw(t, "times") {
			key, buf = append(key[:0], k...), append(buf[:0], v...)
			if _, err := table.Add(key, &buf); err != nil {
				t.Fatal(err)
			}
			clear(key)
			clear(buf) // the caller's memory is the caller's
			if _, ok := want[k]; !ok {
				held += int64(len(k))
			}
			want.add(k, v)
			pairs++
			if table.Size() < size {
				t.Fatalf("Size fell from %d to %d", size, table.Size())
			}
			size = table.Size()
			if len(v) > 20_000 {
				break
			}
		}
	}
	if table.Pairs() != pairs || table.Len() != len(want) || size < held {
		t.Fatalf("Pairs, Len, Size = %d, %d, %d, want %d, %d, at least %d", table.Pairs(), table.Len(), size, pairs, len(want), held)
	}
	return want
}

func checkReset(t *rapid.T, table *shuffle.Table[[]byte]) {
	if table.Len() != 0 || table.Pairs() != 0 || table.Size() != 0 {
		t.Fatalf("empty table: Len, Pairs, Size = %d, %d, %d", table.Len(), table.Pairs(), table.Size())
	}
}

// Many keys, so that the slots grow, the sort goes deep, and lists have chunks in many blocks.
func TestTableOfManyKeys(t *testing.T) {
	dir := t.TempDir()
	for _, prefix := range []int{0, 3, 100} {
		table, want := bytesTable(), model{}
		for round := range 3 {
			for i := range 20_000 {
				key := fmt.Sprintf("%s%x\x00\x01", strings.Repeat("k", prefix), i*7919%20_000)
				v := fmt.Appendf(nil, "%d/%d", round, i)
				if _, err := table.Add([]byte(key), &v); err != nil {
					t.Fatal(err)
				}
				want.add(key, string(v))
			}
		}
		path := filepath.Join(dir, "many.run")
		write(t, path, table.WriteTo)
		got, err := read([]string{path}, nil, nil, 0, dir)
		if err != nil {
			t.Fatal(err)
		}
		check(t, got, want.groups(nil, nil))
	}
}

func TestTableSizeIsMemory(t *testing.T) {
	for _, c := range []struct {
		name      string
		keys, per int
		size      int
	}{
		{"one value a key", 100_000, 1, 8},
		{"ten values a key", 20_000, 10, 8},
		{"one key", 1, 1_000_000, 8},
		{"middle values", 1000, 10, 1500},
		{"large values", 20, 5, 100_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := heap()
			table := bytesTable()
			v := make([]byte, c.size)
			key := make([]byte, 20)
			for range c.per {
				for k := range c.keys {
					binary.BigEndian.PutUint64(key, uint64(k))
					if _, err := table.Add(key, &v); err != nil {
						t.Fatal(err)
					}
				}
			}
			held := heap() - before
			size := table.Size()
			content := int64(c.keys) * int64(len(key)+c.per*(c.size+1))
			t.Logf("content %d, Size %d, heap %d", content, size, held)
			if size < content || size < held*3/4-1<<19 || size > 2*held {
				t.Errorf("Size() = %d, of %d bytes of content; the heap grew by %d", size, content, held)
			}
			runtime.KeepAlive(table)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTableErrors(t *testing.T) {
	broken := errors.New("no form")
	fails := func([]byte, *int) ([]byte, error) { return nil, broken }
	one := 1
	lists := shuffle.NewTable(shuffle.TableJob[int]{Append: fails})
	if _, err := lists.Add([]byte("k"), &one); !errors.Is(err, broken) {
		t.Errorf("Add: %v, want %v", err, broken)
	}
	lists.Reset()
	if lists.Len() != 0 {
		t.Error("Reset left a key")
	}

	sums := shuffle.NewTable(shuffle.TableJob[int]{
		Combine: func(acc *int, v int) { *acc += v },
		Clone:   func(v int) int { return v },
		Append:  fails,
	})
	if _, err := sums.Add([]byte("k"), &one); err != nil {
		t.Fatal(err)
	}
	w, err := shuffle.CreateRun(filepath.Join(t.TempDir(), "r.run"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := sums.WriteTo(w); !errors.Is(err, broken) {
		t.Errorf("WriteTo: %v, want %v", err, broken)
	}
}

// A first value whose Clone panics has no place in the table, but Reset makes all good.
func TestTableAfterPanic(t *testing.T) {
	dir := t.TempDir()
	bad := true
	table := shuffle.NewTable(shuffle.TableJob[int]{
		Combine: func(acc *int, v int) { *acc += v },
		Clone: func(v int) int {
			if bad {
				panic("no clone")
			}
			return v
		},
		Append: appendInt,
	})
	seven := 7
	func() {
		defer func() { _ = recover() }()
		_, _ = table.Add([]byte("k"), &seven)
	}()
	table.Reset()
	bad = false
	for range 2 {
		if _, err := table.Add([]byte("l"), &seven); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "r.run"), table.WriteTo)
	got, err := read([]string{filepath.Join(dir, "r.run")}, nil, nil, 8, dir)
	if err != nil {
		t.Fatal(err)
	}
	check(t, got, []group{{"l", []string{string(binary.AppendVarint(nil, 14))}}})
}
