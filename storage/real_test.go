package storage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/internal/testkit"
	"github.com/telemetry-mr/mr/storage"
)

// TestRealPings reads pings of every codec and compares each field that Get finds with encoding/json.
func TestRealPings(t *testing.T) {
	if testing.Short() {
		t.Skip("compares every value of many megabytes")
	}
	manifest, err := os.ReadFile(testkit.Fixture(t, "real/telemetry.manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := storage.Open(testkit.Fixture(t, "real/telemetry"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for line := range strings.Lines(string(manifest)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 5 || fields[0] == "path" {
			continue
		}
		file, err := tree.File(fields[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		r, err := file.Open(storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range r.Records() {
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(rec.Value) {
				t.Fatalf("%s:%d: not valid", rec.Path(), rec.Line())
			}
			compare(t, rec.Get(), firstWins(rec.Value))
			if err := rec.Err(); err != nil {
				t.Error(err)
			}
		}
		c := r.Counts()
		if got := fmt.Sprint(c.Lines, " ", c.Bytes); got != fields[2]+" "+fields[3] || c.BadLines != 0 {
			t.Errorf("%s: %s lines and bytes, want %s %s", fields[0], got, fields[2], fields[3])
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		f, err := storage.OpenFile(filepath.Join(tree.Dir(), fields[0]))
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil || fmt.Sprintf("%x", h.Sum(nil)) != fields[4] {
			t.Errorf("%s: SHA-256 %x, %v, want %s", fields[0], h.Sum(nil), err, fields[4])
		}
		f.Close()
	}
}

func TestRealCompressedFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Fixture(t, "real/compress"), "*"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, name := range files {
		text, err := readFile(name)
		base := filepath.Base(name)
		if _, damaged := errors.AsType[*storage.DamagedError](err); damaged != strings.HasPrefix(base, "bad") || err != nil && !damaged {
			t.Errorf("%s: %v", base, err)
		}
		texts[base] = text
	}
	for name, want := range map[string]string{
		"good-0catpad-empty.xz": "", "good-1-check-crc32.xz": "Hello\nWorld!\n", "good-2-lzma2.xz": "Hello\nWorld!\n",
	} {
		if got, ok := texts[name]; ok && string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if len(texts["test.txt.gz"]) == 0 || !bytes.Equal(texts["test.txt.gz"], texts["test.txt.xz"]) || !bytes.Equal(texts["test.txt.gz"], texts["test.txt.lzma"]) {
		t.Errorf("test.txt differs: %q", texts)
	}
}

func readFile(name string) ([]byte, error) {
	f, err := storage.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// TestRealJSON has texts that a JSON parser must accept (y_), must reject (n_), or may do either with (i_), each as a field of
// a record.
func TestRealJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Fixture(t, "real/json"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rec := newRecord(`{"a":` + string(text) + `}`)
		v := rec.Get("a")
		walk(v, 0)
		accepted := rec.Err() == nil && v.Exists() && len(v.Raw()) == len(bytes.TrimSpace(text))
		switch base := filepath.Base(name); {
		case base[0] == 'y' && !accepted:
			t.Errorf("%s: %v", base, rec.Err())
		case base[0] == 'n' && accepted:
			t.Errorf("%s is accepted", base)
		}
	}
}

// walk looks at everything in v, as deep as a job might.
func walk(v storage.Value, depth int) {
	if depth == 100 {
		return
	}
	v.Raw()
	v.Str()
	v.Float()
	for e := range v.Elements() {
		walk(e, depth+1)
	}
	for _, e := range v.Members() {
		walk(e, depth+1)
	}
}

// TestRealLines reads lines with odd keys and compares with a plain split.
func TestRealLines(t *testing.T) {
	content, err := os.ReadFile(testkit.Fixture(t, "real/lines/example_v3_with_funny_chars"))
	if err != nil {
		t.Fatal(err)
	}
	_, file := testTree(t, "", content)
	var want []string
	offset := 0
	for line := range strings.Lines(string(content)) {
		text := strings.TrimSuffix(line, "\n")
		key, value, ok := strings.Cut(text, "\t")
		switch {
		case ok:
			want = append(want, key+"="+value)
		case text == "":
			want = append(want, fmt.Sprintf("!%d@%d empty line", len(want)+1, offset))
		default:
			want = append(want, fmt.Sprintf("!%d@%d no TAB between key and value", len(want)+1, offset))
		}
		offset += len(line)
	}
	got, counts, err := read(file, storage.ReadOptions{})
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") || counts.Bytes != int64(len(content)) {
		t.Errorf("%q, %+v, %v, want %q", got, counts, err, want)
	}
}
