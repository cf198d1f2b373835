package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// read returns what a reader gives of a file: an item a line, the records as KEY=VALUE, bad lines as !LINE@OFFSET REASON.
func read(file storage.File, o storage.ReadOptions) (items []string, counts storage.Counts, err error) {
	r, err := file.Open(o)
	if err != nil {
		return nil, counts, err
	}
	defer r.Close()
	for rec, err := range r.Records() {
		if bad, ok := errors.AsType[*storage.SyntaxError](err); ok {
			items = append(items, fmt.Sprintf("!%d@%d %s", bad.Line, bad.Offset, bad.Reason))
			continue
		}
		if err != nil {
			return items, r.Counts(), err
		}
		items = append(items, fmt.Sprintf("%s=%s", rec.Key, rec.Value))
	}
	return items, r.Counts(), nil
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		content string
		want    []string
		bad     int64
	}{
		{"", nil, 0},
		{"\n", []string{"!1@0 empty line"}, 1},
		{"\r\n", []string{"!1@0 empty line"}, 1},
		{"a\t1", []string{"a=1"}, 0},
		{"a\t1\n", []string{"a=1"}, 0},
		{"a\t1\r\nb\t2\r", []string{"a=1", "b=2"}, 0},
		{"a\t1\n\nb\n\t\nc\t\td\n", []string{"a=1", "!2@4 empty line", "!3@5 no TAB between key and value", "=", "c=\td"}, 2},
		{"\ta\t{}\n", []string{"=a\t{}"}, 0},
		{"a\t12345678\nb\t123456789\nc\t12345678\r\nd\t3", []string{"a=12345678", "!2@11 line longer than 10 bytes", "c=12345678", "d=3"}, 1},
		{"a\t" + strings.Repeat("x", 1<<20), []string{"!1@0 line longer than 10 bytes"}, 1},
		{"a\t" + strings.Repeat("x", 1<<20) + "\nb\t1\n", []string{"!1@0 line longer than 10 bytes", "b=1"}, 1},
		{"a\x00\xff\t\x00\xfe\n", []string{"a\x00\xff=\x00\xfe"}, 0},
		{"BZh\t\u2028\x85\x0b\x0c\n", []string{"BZh=\u2028\x85\x0b\x0c"}, 0}, // no ends of lines, and no bzip2
	} {
		for _, ext := range []string{"", ".gz", ".zst", ".sz", ".s2"} {
			var stored []byte
			switch ext {
			case ".sz":
				stored = tools["snappy"].run(t, []byte(tt.content))
			case ".s2":
				stored = tools["s2"].run(t, []byte(tt.content))
			default:
				stored = pack(t, ext, []byte(tt.content))
			}
			if stored == nil {
				continue
			}
			_, file := testTree(t, ext, stored)
			var raw bytes.Buffer
			got, counts, err := read(file, storage.ReadOptions{MaxRecordBytes: 10, Stored: &raw})
			want := storage.Counts{
				StoredBytes: int64(len(stored)), Bytes: int64(len(tt.content)),
				Lines: int64(len(tt.want)), BadLines: tt.bad,
			}
			if !slices.Equal(got, tt.want) || err != nil || counts != want {
				t.Errorf("%.40q%s: %q, %v, %+v, want %q, %+v", tt.content, ext, got, err, counts, tt.want, want)
			}
			if !bytes.Equal(raw.Bytes(), stored) {
				t.Errorf("%.40q%s: stored bytes %.40q, want %.40q", tt.content, ext, &raw, stored)
			}
		}
	}
}

// TestLongLines has lines longer than any buffer, in files whose frames and chunks end anywhere in them.
func TestLongLines(t *testing.T) {
	var content bytes.Buffer
	var want []string
	var some int // bytes of the first few lines
	sizes := []int{1, 100, 300 << 10, 2 << 20, 9 << 20, 1 << 20, 5, 1<<20 - 3, 700 << 10, 700 << 10, 16<<20 - 2, 7}
	if testing.Short() {
		sizes = sizes[:10]
	}
	for i, n := range sizes {
		value := strings.Repeat(fmt.Sprint(i, " "), n/len(fmt.Sprint(i, " "))+1)[:n]
		fmt.Fprintf(&content, "%d\t%s\n", i%10, value)
		want = append(want, fmt.Sprintf("%d=%s", i%10, value))
		if i == 3 {
			some = content.Len()
		}
	}
	stored := map[string][]byte{"": content.Bytes(), ".zst": pack(t, ".zst", content.Bytes()), ".gz": pack(t, ".gz", content.Bytes())}
	for name, tool := range tools {
		if tool.slow {
			stored[name+tool.ext] = tool.run(t, content.Bytes()[:some])
		} else if !testing.Short() {
			stored[name+tool.ext] = tool.run(t, content.Bytes())
		}
	}
	for name, data := range stored {
		if data == nil {
			continue
		}
		want, size := want, content.Len()
		if tools[strings.TrimSuffix(name, filepath.Ext(name))].slow {
			want, size = want[:4], some
		}
		_, file := testTree(t, filepath.Ext(name), data)
		got, counts, err := read(file, storage.ReadOptions{})
		if err != nil || !slices.Equal(got, want) || counts.Bytes != int64(size) || counts.StoredBytes != file.Size {
			t.Errorf("%s: %d lines, %+v, %v, want %d lines, %d bytes", name, len(got), counts, err, len(want), size)
		}
	}
}

// TestFrameCut cuts a file of several frames where a frame ends: what is left is valid zstd.
func TestFrameCut(t *testing.T) {
	data := pack(t, ".zst", pings(3<<20))
	tree, file := testTree(t, ".zst", data)
	for i, n := range frameEnds(t, data) {
		if n < len(data) && !isDamaged(t, rewrite(t, tree, file, data[:n])) {
			t.Errorf("cut behind frame %d: no error", i)
		}
	}
	ends := frameEnds(t, data)
	without := slices.Concat(data[:ends[1]], data[ends[2]:])
	if !isDamaged(t, rewrite(t, tree, file, without)) {
		t.Error("without frame 2: no error")
	}
	swapped := slices.Concat(data[:ends[0]], data[ends[1]:ends[2]], data[ends[0]:ends[1]], data[ends[2]:])
	if !isDamaged(t, rewrite(t, tree, file, swapped)) {
		t.Error("frames swapped: no error")
	}
	if !isDamaged(t, rewrite(t, tree, file, slices.Concat(data, data))) {
		t.Error("two files in one: no error")
	}
	if isDamaged(t, rewrite(t, tree, file, data)) {
		t.Error("damaged as it was")
	}
}

// frameEnds returns where the frames of a file of ours end, by its seek table.
func frameEnds(t *testing.T, data []byte) []int {
	t.Helper()
	n := int(data[len(data)-9]) | int(data[len(data)-8])<<8
	entries, err := storage.ParseSeekTable(data[len(data)-9-12*n:])
	if err != nil {
		t.Fatal(err)
	}
	var ends []int
	end := 0
	for _, e := range entries {
		end += int(e[0])
		ends = append(ends, end)
	}
	return ends
}

// TestReaderPosition checks what a record says of its place, and the reader of its file.
func TestReaderPosition(t *testing.T) {
	content := "a\t{\"x\":}\nbad\nccc\t{\"x\":1}\n"
	_, file := testTree(t, ".gz", pack(t, ".gz", []byte(content)))
	r, err := file.Open(storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rec, err := range r.Records() {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		rec.Get("x").Exists()
		got = append(got, fmt.Sprintf("%s:%d@%d %v %v", rec.Path(), rec.Line(), rec.Offset(), rec.Dims, rec.Err()))
	}
	path := testPath + ".gz"
	dims := "main/Firefox/nightly/30.0/20140301/20140302"
	want := []string{
		path + ":1@0 " + dims + " " + path + ":1: object member without a value",
		path + ":2: no TAB between key and value",
		path + ":3@13 " + dims + " <nil>",
	}
	if !slices.Equal(got, want) || r.Format().Codec != "gzip" {
		t.Errorf("format %s: %q, want %q", r.Format(), got, want)
	}
	counts := r.Counts()
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if r.Counts() != counts {
		t.Errorf("counts after Close: %+v, want %+v", r.Counts(), counts)
	}
	for _, err := range r.Records() {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("reading a closed Reader: %v", err)
		}
	}
}

// TestResume stops an iteration in the middle and goes on.
func TestResume(t *testing.T) {
	_, file := testTree(t, "", []byte("a\t1\nb\t2\nc\t3\n"))
	r, err := file.Open(storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var keys []string
	for range 4 {
		for rec, err := range r.Records() {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, string(rec.Key))
			break
		}
	}
	if got := strings.Join(keys, ""); got != "abc" {
		t.Errorf("keys %q, want abc", got)
	}
}

func TestParts(t *testing.T) {
	content := pings(6 << 20)
	content = slices.Concat(content[:3<<20], []byte("\nno record\nlong\t"), bytes.Repeat([]byte{'x'}, 9<<20), []byte("\n"), content)
	stored := pack(t, ".zst", content)
	tree, file := testTree(t, ".zst", stored)
	want, wantCounts, err := read(file, storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int64{1, 100 << 10, 500 << 10, 1 << 20, file.Size, 1 << 40}
	if testing.Short() {
		sizes = []int64{1, 500 << 10}
	}
	for _, size := range sizes {
		parts, err := file.Parts(size)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var counts storage.Counts
		var raw bytes.Buffer
		for _, p := range parts {
			items, c, err := read(file, storage.ReadOptions{Part: p, Stored: &raw})
			if err != nil {
				t.Fatalf("%+v: %v", p, err)
			}
			if len(parts) > 1 && (c.StoredBytes != p.Length || c.Bytes != p.Bytes || p.Line != counts.Lines || p.Start != counts.Bytes) {
				t.Errorf("%+v: %+v behind %+v", p, c, counts)
			}
			got = append(got, items...)
			counts.StoredBytes += c.StoredBytes
			counts.Bytes += c.Bytes
			counts.Lines += c.Lines
			counts.BadLines += c.BadLines
		}
		if !slices.Equal(got, want) || counts != wantCounts {
			t.Errorf("%d parts of %d: %d lines, %+v, want %d, %+v", len(parts), size, len(got), counts, len(want), wantCounts)
		}
		if !bytes.Equal(raw.Bytes(), stored) {
			t.Errorf("%d parts of %d: %d stored bytes, want the %d of the file", len(parts), size, raw.Len(), len(stored))
		}
		if size == 1 && len(parts) < 10 {
			t.Errorf("%d parts, want one for each frame", len(parts))
		}
	}
	parts, err := file.Parts(100 << 10)
	if err != nil {
		t.Fatal(err)
	}
	// A part of another file, or of this one after a change, is damage.
	wrong := parts[1]
	wrong.Length += 3
	if _, _, err := read(file, storage.ReadOptions{Part: wrong}); err == nil {
		t.Error("a part of the wrong length: no error")
	}
	wrong = parts[1]
	wrong.Bytes++
	if _, _, err := read(file, storage.ReadOptions{Part: wrong}); err == nil {
		t.Error("a part with other content: no error")
	}
	for _, n := range []int{len(stored) - 1, len(stored) - 100, len(stored) / 2, frameEnds(t, stored)[3]} {
		if _, err := rewrite(t, tree, file, stored[:n]).Parts(1); err == nil {
			t.Errorf("parts of a file cut to %d bytes: no error", n)
		}
	}
	for _, data := range [][]byte{[]byte("a\t1\n"), tools["zstd"].run(t, content), pack(t, ".gz", content)} {
		if data == nil {
			continue
		}
		if parts, err := rewrite(t, tree, file, data).Parts(1); err != nil || len(parts) != 1 || parts[0] != (storage.Part{}) {
			t.Errorf("parts of a foreign file: %+v, %v", parts, err)
		}
	}
}

// TestPartsBitFlips flips every bit of the tables of a small file: an error of Parts, or of reading one of them, or the same
// records in the same places.
func TestPartsBitFlips(t *testing.T) {
	content := slices.Concat(bytes.Repeat([]byte("key\t{}\nbad"+strings.Repeat(" ", 2000)+"\n"), 1<<10), []byte("last\t1"))
	stored := pack(t, ".zst", content)
	tree, file := testTree(t, ".zst", stored)
	_, want, err := read(file, storage.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ends := frameEnds(t, stored)
	for i := ends[len(ends)-2] * 8; i < len(stored)*8; i++ {
		flipped := bytes.Clone(stored)
		flipped[i/8] ^= 1 << (i % 8)
		parts, err := rewrite(t, tree, file, flipped).Parts(1)
		var counts storage.Counts
		for _, p := range parts {
			var c storage.Counts
			if err == nil {
				var r *storage.Reader
				if r, err = file.Open(storage.ReadOptions{Part: p}); err != nil {
					t.Fatal(err)
				}
				for _, bad := range r.Records() {
					if _, ok := errors.AsType[*storage.DamagedError](bad); ok {
						err = bad
					}
				}
				c = r.Counts()
				r.Close()
			}
			if err == nil && len(parts) > 1 && (p.Line != counts.Lines || p.Start != counts.Bytes) {
				t.Fatalf("bit %d of byte %d: part %+v behind %+v", i%8, i/8, p, counts)
			}
			counts.Lines += c.Lines
			counts.Bytes += c.Bytes
		}
		if err == nil && (counts.Lines != want.Lines || counts.Bytes != want.Bytes) {
			t.Errorf("bit %d of byte %d: %+v, want %+v", i%8, i/8, counts, want)
		}
	}
}

// TestManyFiles reads many files, so that their readers share buffers and decoders in any order.
func TestManyFiles(t *testing.T) {
	contents := [][]byte{[]byte("a\t1\n"), pings(1), pings(2 << 20), nil}
	var files []storage.File
	var want [][]string
	for _, content := range contents {
		_, plain := testTree(t, "", content)
		items, _, err := read(plain, storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, ext := range []string{"", ".zst", ".gz"} {
			_, file := testTree(t, ext, pack(t, ext, content))
			files, want = append(files, file), append(want, items)
		}
	}
	for range 3 {
		var open []*storage.Reader
		for i, file := range files {
			if got, _, err := read(file, storage.ReadOptions{}); err != nil || !slices.Equal(got, want[i]) {
				t.Errorf("%s: %d lines, %v, want %d lines", file.Path, len(got), err, len(want[i]))
			}
			r, err := file.Open(storage.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, r)
		}
		for i, r := range open {
			n := 0
			for _, err := range r.Records() {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != len(want[i]) {
				t.Errorf("%d records, want %d", n, len(want[i]))
			}
			r.Close()
		}
	}
}

func TestUnreadable(t *testing.T) {
	tree, file := testTree(t, "", nil)
	name := filepath.Join(tree.Dir(), file.Path)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o777); err != nil {
		t.Fatal(err)
	}
	_, _, err := read(file, storage.ReadOptions{})
	if _, damaged := errors.AsType[*storage.DamagedError](err); err == nil || damaged {
		t.Errorf("reading a directory: %v, want an error of reading", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for _, err := range file.Records() {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("reading nothing: %v", err)
		}
	}
}

func FuzzReader(f *testing.F) {
	content := []byte("key one\t{\"a\":1}\nbad\n\nkey two\t{\"b\":[1,2,3]}")
	for _, ext := range []string{"", ".gz", ".zst"} {
		f.Add(pack(f, ext, content), true)
	}
	for _, tool := range tools {
		if data := tool.run(f, content); data != nil {
			f.Add(data, false)
		}
	}
	f.Add([]byte("\x28\xb5\x2f\xfd\x00\x58\x03\x00\x10x"), false)
	dir := f.TempDir()
	tree, err := storage.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { tree.Close() })
	name := filepath.Join(dir, testPath)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, small bool) {
		// One process a worker: the name is its own.
		path := fmt.Sprintf("%s.%d", testPath, os.Getpid())
		if err := os.WriteFile(filepath.Join(dir, path), data, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := tree.File(path, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		o := storage.ReadOptions{}
		if small {
			o.MaxRecordBytes = 8
		}
		items, counts, err := read(file, o)
		if counts.Lines != int64(len(items)) || counts.BadLines > counts.Lines || counts.StoredBytes > file.Size {
			t.Fatalf("%d items, counts %+v, size %d", len(items), counts, file.Size)
		}
		if err != nil {
			if _, ok := errors.AsType[*storage.DamagedError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if counts.StoredBytes != file.Size {
			t.Fatalf("%d bytes of %d used", counts.StoredBytes, file.Size)
		}
		whole, err := storage.OpenFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		defer whole.Close()
		decoded, err := io.Copy(io.Discard, whole)
		if err != nil || decoded != counts.Bytes {
			t.Fatalf("OpenFile gives %d bytes, %v, Records %d", decoded, err, counts.Bytes)
		}
		if _, err := file.Parts(1); err != nil {
			t.Fatalf("Parts of a file that is whole: %v", err)
		}
	})
}

func FuzzSeekTable(f *testing.F) {
	data := pack(f, ".zst", []byte("a\t1\n"))
	f.Add(data[len(data)-9-36:])
	f.Add([]byte("\x00\x00\x00\x00\x00\xb1\xea\x92\x8f"))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\xb1\xea\x92\x8f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := storage.ParseSeekTable(b)
		if err != nil {
			return
		}
		if n := len(b) - 9; n != len(entries)*8 && n != len(entries)*12 {
			t.Fatalf("%d entries in %d bytes", len(entries), len(b))
		}
	})
}
