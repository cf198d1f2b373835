package storage_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/telemetry-mr/mr/storage"
)

// tools are programs that compress standard input, or, for what has no program everywhere, the packages that do.
var tools = map[string]tool{
	"zstd":        {ext: ".zst", args: []string{"zstd", "-qc"}},
	"zstd-long":   {ext: ".zst", args: []string{"zstd", "-qc", "-6", "--long=24"}},
	"zstd-nosum":  {ext: ".zst", args: []string{"zstd", "-qc", "--no-check"}, sumless: true, slow: true},
	"zstd-blocks": {ext: ".zst", args: []string{"zstd", "-qc", "-B100K", "-T2"}},
	"pzstd":       {ext: ".zst", args: []string{"pzstd", "-qc", "-p", "2"}},
	"gzip":        {ext: ".gz", args: []string{"gzip", "-c"}},
	"xz":          {ext: ".xz", args: []string{"xz", "-c", "-1"}},
	"xz-blocks":   {ext: ".xz", args: []string{"xz", "-c", "-1", "--block-size=100KiB", "--check=sha256"}, slow: true},
	"xz-threads":  {ext: ".xz", args: []string{"xz", "-c", "-1", "-T2", "--block-size=300KiB", "--check=crc32"}, slow: true},
	"xz-nosum":    {ext: ".xz", args: []string{"xz", "-c", "-1", "--check=none"}, sumless: true, slow: true},
	"lzma":        {ext: ".lzma", args: []string{"xz", "-c", "-1", "--format=lzma"}, sumless: true},
	"bzip2":       {ext: ".bz2", args: []string{"bzip2", "-c", "-1"}, slow: true},
	"lz4":         {ext: ".lz4", args: []string{"lz4", "-qc"}},
	"lz4-linked":  {ext: ".lz4", args: []string{"lz4", "-qc", "-B4", "-BD", "-BX"}},
	"lz4-hc":      {ext: ".lz4", args: []string{"lz4", "-qc", "-9", "-B5", "-BD"}, slow: true},
	"lz4-nosum":   {ext: ".lz4", args: []string{"lz4", "-qc", "-BX", "--no-frame-crc"}, sumless: true, slow: true},
	"s2":          {ext: ".s2", pack: func(w io.Writer) io.WriteCloser { return s2.NewWriter(w, s2.WriterConcurrency(1)) }},
	"s2-index":    {ext: ".s2", pack: func(w io.Writer) io.WriteCloser { return s2.NewWriter(w, s2.WriterAddIndex(), s2.WriterPadding(999)) }},
	"snappy":      {ext: ".sz", pack: func(w io.Writer) io.WriteCloser { return s2.NewWriter(w, s2.WriterSnappyCompat()) }},
}

type tool struct {
	ext     string
	args    []string
	pack    func(io.Writer) io.WriteCloser
	sumless bool // a change goes unnoticed
	slow    bool // or for a long content no other than another
}

// run returns nil if there is no such program.
func (tool tool) run(t testing.TB, content []byte) []byte {
	t.Helper()
	if tool.pack != nil {
		if len(content) == 0 {
			return nil // they write no stream then
		}
		var out bytes.Buffer
		w := tool.pack(&out)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	program, err := exec.LookPath(tool.args[0])
	if err != nil {
		t.Logf("%s is not installed: not tested", tool.args[0])
		return nil
	}
	cmd := exec.Command(program, tool.args[1:]...)
	cmd.Stdin = bytes.NewReader(content)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", tool.args, err)
	}
	return out
}

func TestForeignFiles(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("a\t1\n"), pings(400 << 10)} {
		_, plain := testTree(t, "", content)
		want, wantCounts, err := read(plain, storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for name, tool := range tools {
			stored := tool.run(t, content)
			if stored == nil {
				continue
			}
			_, file := testTree(t, tool.ext, stored)
			got, counts, err := read(file, storage.ReadOptions{})
			wantCounts.StoredBytes = int64(len(stored))
			if err != nil || !slices.Equal(got, want) || counts != wantCounts {
				t.Errorf("%s of %d bytes: %d lines, %+v, %v, want %d lines, %+v", name, len(content), len(got), counts, err, len(want), wantCounts)
			}
			if len(content) < 100 || tool.ext == ".lzma" { // which has no more than one member
				continue
			}
			// Several members, cut anywhere, are one content.
			half := len(content) / 2
			members := slices.Concat(tool.run(t, content[:half]), tool.run(t, nil), tool.run(t, content[half:]))
			_, file = testTree(t, tool.ext, members)
			if got, _, err = read(file, storage.ReadOptions{}); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s in members of %d bytes: %d lines, %v, want %d lines", name, len(content), len(got), err, len(want))
			}
			// A name of another codec is no matter.
			_, file = testTree(t, ".xz", stored)
			if got, _, err = read(file, storage.ReadOptions{}); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s as .xz: %d lines, %v, want %d lines", name, len(got), err, len(want))
			}
		}
	}
}

// TestJoined reads members of files from elsewhere with what may stand between them.
func TestJoined(t *testing.T) {
	content := []byte("a\t1\n")
	member := map[string]string{}
	for _, name := range []string{"zstd", "zstd-nosum", "gzip", "xz", "xz-nosum", "bzip2", "lz4", "lz4-linked", "s2", "snappy"} {
		member[name] = string(tools[name].run(t, content))
	}
	const skip = "\x53\x2a\x4d\x18\x03\x00\x00\x00abc"
	for _, tt := range []struct {
		ext     string
		members []string // names, or bytes
		want    int      // records; -1: damaged
	}{
		{".zst", []string{"zstd", skip, "zstd-nosum", skip, skip}, 2},
		{".zst", []string{skip, skip, "zstd"}, 1},
		{".zst", []string{skip}, -1},
		{".zst", []string{skip[:9]}, -1},
		{".zst", []string{"zstd", skip[:10]}, -1},
		{".zst", []string{"zstd", "gzip"}, -1},
		{".lz4", []string{"lz4", skip, "lz4-linked"}, 2},
		{".lz4", []string{skip, skip, "lz4"}, 1},
		{".lz4", []string{"lz4", skip[:10]}, -1},
		{".lz4", []string{"lz4", "\x02\x21\x4c\x18\x06\x00\x00\x00Pa\t{}\n"}, -1},
		{".lz4", []string{skip, "gzip"}, -1},
		{".xz", []string{"xz", "\x00\x00\x00\x00", "xz-nosum", "\x00\x00\x00\x00\x00\x00\x00\x00"}, 2},
		{".xz", []string{"xz", "\x00\x00\x00", "xz"}, -1},
		{".xz", []string{"xz", "\x00\x00"}, -1},
		{".xz", []string{"xz", "xz", "gzip"}, -1},
		{".bz2", []string{"bzip2", "bzip2", "bzip2"}, 3},
		{".bz2", []string{"bzip2", "\x00\x00"}, -1},
		{".bz2", []string{"bzip2", "gzip"}, -1},
		{".gz", []string{"gzip", "gzip"}, 2},
		{".gz", []string{"gzip", "\x00\x00"}, -1},
		{".sz", []string{"snappy", "s2", "snappy"}, 3},
		{".s2", []string{"s2", "\xfe\x02\x00\x00ab", "s2"}, 2},
		{".s2", []string{"s2", "\xfe\x02\x00\x00a"}, -1},
		{".s2", []string{"s2", "\x80\x02\x00\x00ab"}, -1},
	} {
		var data []byte
		known := true
		for _, name := range tt.members {
			m, named := member[name]
			if !named {
				m = name
			}
			known = known && m != ""
			data = append(data, m...)
		}
		if !known {
			continue // a program is not installed
		}
		_, file := testTree(t, tt.ext, data)
		got, _, err := read(file, storage.ReadOptions{})
		if (err != nil) != (tt.want < 0) || err == nil && len(got) != tt.want {
			t.Errorf("%s of %q: %q, %v, want %d records", tt.ext, tt.members, got, err, tt.want)
		}
	}
}

// TestWindows reads what zstd writes with windows as large as it reads by itself, and refuses larger ones.
func TestWindows(t *testing.T) {
	for _, tt := range []struct {
		arg string
		ok  bool
	}{{"--long=27", true}, {"--long=28", false}, {"--long=31", false}} {
		data := tool{args: []string{"zstd", "-qc", "-1", tt.arg}}.run(t, []byte("a\t1\n"))
		if data == nil {
			return
		}
		_, file := testTree(t, ".zst", data)
		n := allocated(func() {
			got, _, err := read(file, storage.ReadOptions{})
			if (err == nil) != tt.ok || tt.ok && len(got) != 1 {
				t.Errorf("%s: %q, %v", tt.arg, got, err)
			}
		})
		if n > 200<<20 {
			t.Errorf("%s: %d bytes allocated", tt.arg, n)
		}
		t.Logf("%s: %d bytes allocated", tt.arg, n)
	}
}

// TestMaxWindow reads files with windows of 32 MiB where less is allowed, of which some need less.
func TestMaxWindow(t *testing.T) {
	content := pings(100 << 10)
	for _, tt := range []struct {
		args []string
		ok   bool
	}{
		{[]string{"zstd", "-qc", "-1", "--long=25"}, false},
		{[]string{"xz", "-c", "-0", "--lzma2=preset=0,dict=32MiB"}, false},
		{[]string{"xz", "-c", "--format=lzma", "--lzma1=preset=0,dict=32MiB"}, false},
		{[]string{"xz", "-c", "-0", "--lzma2=preset=0,dict=32MiB", "--block-size=1MiB", "-T2"}, true}, // which has sizes in its headers
	} {
		file := *new(storage.File)
		if data := (tool{args: tt.args}).run(t, content); data == nil {
			continue // said so
		} else {
			_, file = testTree(t, "", data)
		}
		_, _, err := read(file, storage.ReadOptions{MaxWindowBytes: 8 << 20})
		if _, damaged := errors.AsType[*storage.DamagedError](err); (err == nil) != tt.ok || damaged {
			t.Errorf("%q: %v", tt.args, err)
		}
		if _, _, err := read(file, storage.ReadOptions{}); err != nil {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
}

// isDamaged reports whether reading ends with a DamagedError; another error fails the test.
func isDamaged(t *testing.T, file storage.File) bool {
	t.Helper()
	_, _, err := read(file, storage.ReadOptions{})
	if err == nil {
		return false
	}
	damaged, ok := errors.AsType[*storage.DamagedError](err)
	if !ok || damaged.Path != file.Path || damaged.Offset < 0 || damaged.Offset > file.Size {
		t.Fatalf("%s: %v (%T), want a DamagedError", file.Path, err, err)
	}
	return true
}

// rewrite gives a file other content.
func rewrite(t *testing.T, tree *storage.Tree, file storage.File, content []byte) storage.File {
	t.Helper()
	if err := os.WriteFile(filepath.Join(tree.Dir(), file.Path), content, 0o666); err != nil {
		t.Fatal(err)
	}
	file.Size = int64(len(content))
	return file
}

// smallFiles are two short records in every form.
func smallFiles(t *testing.T) map[string][]byte {
	content := []byte("key one\t{\"a\":1}\nkey two\t{\"b\":[1,2,3],\"c\":\"ddddddddddddddddd\"}\n")
	stored := map[string][]byte{"own.zst": pack(t, ".zst", content), "own.gz": pack(t, ".gz", content)}
	for name, tool := range tools {
		if data := tool.run(t, content); data != nil {
			stored[name+tool.ext] = data
		}
	}
	return stored
}

// TestTruncation cuts small files of every codec at every byte.
func TestTruncation(t *testing.T) {
	for name, data := range smallFiles(t) {
		tree, file := testTree(t, filepath.Ext(name), data)
		if isDamaged(t, file) {
			t.Fatalf("%s is damaged", name)
		}
		for n := range len(data) {
			if isDamaged(t, rewrite(t, tree, file, data[:n])) {
				continue
			}
			if ext := filepath.Ext(name); (ext == ".sz" || ext == ".s2") && slices.Contains(chunkEnds(data), n) {
				continue // what is left is a shorter file
			}
			t.Errorf("%s cut to %d of %d bytes: no error", name, n, len(data))
		}
		if !isDamaged(t, rewrite(t, tree, file, slices.Concat(data, []byte{'x'}))) {
			t.Errorf("%s with a byte more: no error", name)
		}
		if !isDamaged(t, rewrite(t, tree, file, slices.Concat(data, []byte("a\t{}\nb\t{}\n")))) {
			t.Errorf("%s with garbage behind: no error", name)
		}
	}
}

// chunkEnds returns where the chunks of a snappy or s2 file end.
func chunkEnds(data []byte) (ends []int) {
	for i := 0; i+4 <= len(data); {
		i += 4 + int(data[i+1]) + int(data[i+2])<<8 + int(data[i+3])<<16
		ends = append(ends, i)
	}
	return ends
}

// TestChanges flips bits of small files, all of those that are written here and one a byte of others. If the content has
// checksums, there is an error, or the records are the same.
func TestChanges(t *testing.T) {
	for name, data := range smallFiles(t) {
		tree, file := testTree(t, filepath.Ext(name), data)
		format, err := file.Inspect()
		if err != nil {
			t.Fatal(err)
		}
		if sumless := tools[strings.TrimSuffix(name, filepath.Ext(name))].sumless; format.Checksums == sumless {
			t.Errorf("%s: Checksums = %t", name, format.Checksums)
		}
		want, _, err := read(file, storage.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		step := 9 // each bit of a byte comes, one a byte
		if name == "own.zst" {
			step = 1
		}
		for i := 0; i < len(data)*8; i += step {
			flipped := bytes.Clone(data)
			flipped[i/8] ^= 1 << (i % 8)
			got, _, err := read(rewrite(t, tree, file, flipped), storage.ReadOptions{})
			if format.Verified && err != nil && len(got) > 0 && !slices.Equal(got, want[:len(got)]) {
				t.Errorf("%s, bit %d of byte %d: %q before %v", name, i%8, i/8, got, err)
			}
			if err == nil && format.Checksums && !slices.Equal(got, want) {
				t.Errorf("%s, bit %d of byte %d: %q without an error", name, i%8, i/8, got)
			}
		}
	}
}

func TestClaimedCodec(t *testing.T) {
	for _, ext := range []string{".zst", ".gz", ".xz", ".lzma", ".lz4", ".bz2", ".sz", ".snappy", ".s2", ".br", ".zip"} {
		for _, content := range []string{"", "a", "a\t{}\n", "\x28\xb5", "\x1f"} {
			_, file := testTree(t, ext, []byte(content))
			if !isDamaged(t, file) {
				t.Errorf("%q as %s: no error", content, ext)
			}
			name := filepath.Join(t.TempDir(), "f"+ext)
			if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := storage.OpenFile(name); err == nil {
				t.Errorf("OpenFile of %q as %s: no error", content, ext)
			}
		}
	}
}

const snappyID = "\xff\x06\x00\x00sNaPpY"

func TestHostileHeaders(t *testing.T) {
	for name, data := range map[string]string{
		"zstd window of 2 GiB":            "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00" + "padding",
		"zstd window of terabytes":        "\x28\xb5\x2f\xfd\x00\xff\x01\x00\x00" + "padding",
		"zstd content of 2^64 bytes":      "\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00",
		"zstd content of 1 GiB":           "\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x40\x01\x00\x00",
		"zstd dictionary":                 "\x28\xb5\x2f\xfd\x21\x05\x01\x09\x00\x00a",
		"zstd skippable of 4 GiB":         "\x5a\x2a\x4d\x18\xff\xff\xff\xffmrframe1",
		"zstd promise, table of 4 GiB":    "\x5a\x2a\x4d\x18\x08\x00\x00\x00mrframe1\x5e\x2a\x4d\x18\xff\xff\xff\xff",
		"zstd promise, nothing else":      "\x5a\x2a\x4d\x18\x08\x00\x00\x00mrframe1",
		"zstd promise, table of nothing":  "\x5a\x2a\x4d\x18\x08\x00\x00\x00mrframe1\x5e\x2a\x4d\x18\x09\x00\x00\x00\x00\x00\x00\x00\x80\xb1\xea\x92\x8f",
		"zstd reserved block":             "\x28\xb5\x2f\xfd\x20\x05\x0f\x00\x00",
		"xz dictionary of 4 GiB":          "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x28\x00\x00\x00\x00\x00\x00\x00",
		"xz dictionary behind sizes":      "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x03\xc0\x80\x01\x80\x02\x21\x01\x28\x00\x00\x00\xac\xc9\x2e\x0c",
		"lzma dictionary of 4 GiB":        "\x5d\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00",
		"lzma dictionary of 2 GiB":        "\x5d\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00",
		"gzip member that does not begin": "\x1f\x8b\x07\x00",
		"bzip2 of no size":                "BZh01AY&SY",
		"bzip2 block that is cut":         "BZh91AY&SY\x00\x00\x00\x00\x00",
		"lz4 legacy":                      "\x02\x21\x4c\x18\x06\x00\x00\x00Pa\t{}\n",
		"lz4 block of 2 GiB":              "\x04\x22\x4d\x18\x60\x40\x82\xff\xff\xff\x7f",
		"lz4 dictionary":                  "\x04\x22\x4d\x18\x61\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00",
		"snappy chunk of 16 MiB":          snappyID + "\x00\xff\xff\xff\x00\x00\x00\x00",
		"snappy content of 4 GiB":         snappyID + "\x00\x09\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x0f",
		"snappy chunk of an unknown kind": snappyID + "\x02\x04\x00\x00\x00\x00\x00\x00",
		"snappy of another kind":          snappyID + "\xff\x06\x00\x00MinLzM",
	} {
		_, file := testTree(t, "", []byte(data))
		n := allocated(func() {
			if !isDamaged(t, file) {
				t.Errorf("%s: no error", name)
			}
		})
		if n > 20<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

// TestLaterDictionary has an xz file whose second stream asks for a dictionary of 4 GiB.
func TestLaterDictionary(t *testing.T) {
	data := tools["xz"].run(t, []byte("a\t1\n"))
	if data == nil {
		t.Skip("xz is not installed")
	}
	block := []byte{0x02, 0x00, 0x21, 0x01, 40, 0x00, 0x00, 0x00}
	data = slices.Concat(data, data[:12], binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block)), make([]byte, 100))
	_, file := testTree(t, ".xz", data)
	n := allocated(func() {
		got, _, err := read(file, storage.ReadOptions{})
		if len(got) != 1 || err == nil || !strings.Contains(err.Error(), "dictionary of 4294967295 bytes") {
			t.Errorf("%q, %v", got, err)
		}
	})
	if n > 20<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// allocated is about how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestBomb reads a gigabyte of one byte, packed into a few kilobytes, as one line that is too long.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes 256 MiB")
	}
	const size = 256 << 20
	var frame bytes.Buffer
	frame.WriteString("\x28\xb5\x2f\xfd\x00\x58") // unknown content size, window of 2 MiB
	for i := range size >> 17 {
		last := byte(0)
		if i == size>>17-1 {
			last = 1
		}
		frame.Write([]byte{last | 1<<1, 0x00, 0x10, 'x'}) // 128 KiB of one byte
	}
	_, file := testTree(t, ".zst", frame.Bytes())
	got, counts, err := read(file, storage.ReadOptions{MaxRecordBytes: 1 << 20})
	if err != nil || len(got) != 1 || counts.Bytes != size || counts.BadLines != 1 {
		t.Errorf("%q, %+v, %v", got, counts, err)
	}
}
