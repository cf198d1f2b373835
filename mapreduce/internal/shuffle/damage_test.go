package shuffle_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/shuffle"
)

// smallRun has all that the format has: several blocks, far values, an index with cuts, a key that goes on.
func smallRun(t rapid.TB, path string) model {
	want := model{}
	write(t, path, func(w *shuffle.RunWriter) error {
		for _, e := range []struct{ key, value string }{
			{"a\x00\x01", "1"},
			{"ab\x00\x01", ""},
			{"ab\x00\x01", "2"},
			{"b\x00\x01", strings.Repeat("far ", 9000)},
			{"b\x00\x01", "near"},
			{"c\x00\x01", strings.Repeat("FAR ", 9000)},
			{"d\x00\x01", "3"},
		} {
			want.add(e.key, e.value)
			if err := w.Add([]byte(e.key), 1, values(e.value)); err != nil {
				return err
			}
		}
		return nil
	})
	return want
}

// damaged reads a run that is not what was written and reports whether that was noticed.
func damaged(t *testing.T, path string, low, high []byte, want model, what string) bool {
	t.Helper()
	got, err := read([]string{path}, low, high, 8, t.TempDir())
	if _, ok := errors.AsType[*shuffle.DamagedRunError](err); ok {
		return true
	}
	if err != nil {
		t.Fatalf("%s: %v, want a DamagedRunError", what, err)
	}
	check(t, got, want.groups(low, high))
	return false
}

// All of a run is read only if all of it is as it was written. A part of it is, or is not read.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.run")
	want := smallRun(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, changed []byte) {
		t.Helper()
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if !damaged(t, path, nil, nil, want, what) {
			t.Errorf("%s: not noticed", what)
		}
		damaged(t, path, []byte("ab\x00\x01"), []byte("b"), want, what)
		damaged(t, path, []byte("b\x00\x01"), nil, want, what)
	}
	step := 1
	for i := 0; i < len(content); i += step {
		// Between far values every byte; within them some.
		step = 1
		if i+200 < len(content) && (string(content[i:i+4]) == "far " || string(content[i:i+4]) == "FAR ") && content[i+200]|' ' == content[i]|' ' {
			step = 404
		}
		try(fmt.Sprintf("truncated to %d bytes", i), content[:i])
		flipped := slices.Clone(content)
		flipped[i] ^= 1 << (i % 8)
		try(fmt.Sprintf("bit %d of byte %d flipped", i%8, i), flipped)
	}
	try("a byte more", append(slices.Clone(content), 0))
	try("zeros", make([]byte, len(content)))
	try("twice", append(slices.Clone(content), content...))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if damaged(t, path, nil, nil, want, "nothing") {
		t.Error("the run itself is damaged")
	}
}

// wrap makes a run of one block, what follows it, and an index. The checksums are right, whatever they are of.
func wrap(block, far, index []byte) []byte {
	summed := func(b, content []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
		b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64(content))
		return append(b, content...)
	}
	b := append(summed([]byte("mr run 1"), block), far...)
	at := uint64(len(b))
	b = summed(b, index)
	return append(binary.LittleEndian.AppendUint64(b, at), "mr run 1"...)
}

// Any bytes as a run, or as the inside of one: an error or an end, no panic.
func FuzzRun(f *testing.F) {
	small := wrap([]byte("\x00\x01\x01\x04k\x01v"), nil, nil)
	f.Add(small, []byte(nil), []byte(nil), []byte("b"), false)
	f.Add([]byte("\x00\x02\x01\x04k1\x01v\x01\x01\x02\x062\x00\x00\x00"), []byte(nil), []byte("\x01k\x08"), []byte("k1"), true)
	far := values("far")
	f.Add(binary.LittleEndian.AppendUint64([]byte("\x00\x01\x01\x09k"), xxhash.Sum64(far)), far, []byte(nil), []byte(nil), true)
	f.Add(binary.LittleEndian.AppendUint64([]byte("\x00\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01k"), 0), far, []byte(nil), []byte(nil), true)
	f.Add([]byte("\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x00k"), []byte(nil), []byte("\x00\x08"), []byte("k"), true)
	path := filepath.Join(f.TempDir(), "f.run")
	f.Fuzz(func(t *testing.T, data, far, index, cut []byte, inside bool) {
		if inside {
			data = wrap(data, far, index)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, r := range [][2][]byte{{nil, nil}, {cut, nil}, {nil, cut}} {
			err := readAny([]string{path, path, path}, r[0], r[1])
			if _, ok := errors.AsType[*shuffle.DamagedRunError](err); err != nil && !ok {
				t.Fatalf("%v, want a DamagedRunError", err)
			}
		}
	})
}

// readAny merges runs to the end. What the values are is none of a run's business.
func readAny(runs []string, low, high []byte) error {
	m, err := shuffle.Merge(runs, low, high, len(runs), "", goOn)
	if err != nil {
		return err
	}
	defer m.Close()
	for m.Next() {
		for rest := m.Values(); len(rest) > 0; {
			if _, rest, err = shuffle.NextValue(rest); err != nil {
				break
			}
		}
	}
	return m.Err()
}
