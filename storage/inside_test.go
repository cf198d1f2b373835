package storage_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/telemetry-mr/mr/storage"
)

// wraps make files of each codec around bytes that a checksum, or an order of things, keeps from being reached by chance.
var wraps = []func(body []byte) []byte{
	func(body []byte) []byte { return lz4Frame("\x40\x40\xc0", body) }, // blocks that depend on those before
	func(body []byte) []byte { return lz4Frame("\x60\x40\x82", body) },
	xzStream,
	func(body []byte) []byte { // LZMA-alone, of an unknown size
		return append([]byte("\x5d\x00\x00\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff"), body...)
	},
	func(body []byte) []byte { return append([]byte("\x28\xb5\x2f\xfd\x00\x58"), body...) },                 // zstd blocks, a window of 2 MiB
	func(body []byte) []byte { return append([]byte("\x28\xb5\x2f\xfd\x20\x40"), body...) },                 // zstd blocks with 64 bytes of content
	func(body []byte) []byte { return append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), body...) }, // deflate
	func(body []byte) []byte { return append([]byte("BZh11AY&SY"), body...) },
	func(body []byte) []byte { return snappyChunk("sNaPpY", body) },
	func(body []byte) []byte { return snappyChunk("S2sTwO", body) },
}

func lz4Frame(flags string, body []byte) []byte {
	b := append([]byte("\x04\x22\x4d\x18"), flags...)
	for range 2 { // the second may refer to the first
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(body))), body...)
	}
	return append(b, 0, 0, 0, 0)
}

func xzStream(body []byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	head := sum([]byte{0, 0}) // no check
	block := sum([]byte{2, 0, 0x21, 1, 8, 0, 0, 0})
	return slices.Concat([]byte("\xfd7zXZ\x00"), head, block, body)
}

func snappyChunk(id string, body []byte) []byte {
	content, _ := s2.Decode(nil, body[:min(len(body), 1<<16)]) // nothing, if it is no such block
	sum := bits.RotateLeft32(crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)), -15) + 0xa282ead8
	size := len(body) + 4
	b := append([]byte("\xff\x06\x00\x00"+id+"\x00"), byte(size), byte(size>>8), byte(size>>16))
	return append(binary.LittleEndian.AppendUint32(b, sum), body...)
}

// fuzzFile is a file of a store whose content each call of the function it returns sets. One process a worker: the name is its own.
func fuzzFile(f *testing.F) func(t *testing.T, content []byte) storage.File {
	dir := f.TempDir()
	tree, err := storage.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { tree.Close() })
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(testPath)), 0o777); err != nil {
		f.Fatal(err)
	}
	path := fmt.Sprintf("%s.%d", testPath, os.Getpid())
	return func(t *testing.T, content []byte) storage.File {
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := tree.File(path, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
}

// FuzzInside decodes any bytes as the inside of a file of each codec: records or damage, no panic, and nothing else.
func FuzzInside(f *testing.F) {
	content := []byte("key one\t{\"a\":1}\nkey two\t{\"b\":[1,2,3],\"c\":\"ddddddddddddddddd\"}\n")
	for i, tool := range []string{"lz4", "lz4", "xz-nosum", "lzma", "zstd-nosum", "zstd-nosum", "gzip", "bzip2", "snappy", "s2"} {
		if data := tools[tool].run(f, content); data != nil {
			head := []int{11, 11, 24, 13, 6, 6, 10, 10, 18, 18}[i]
			f.Add(uint8(i), data[min(head, len(data)):])
		}
	}
	put := fuzzFile(f)
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		file := put(t, wraps[int(kind)%len(wraps)](body))
		n := 0
		for _, err := range file.Records() {
			if _, ok := errors.AsType[*storage.SyntaxError](err); ok {
				err = nil
			}
			if _, ok := errors.AsType[*storage.DamagedError](err); err != nil && !ok {
				t.Fatalf("%T: %v", err, err)
			}
			if n++; n > 1<<20 {
				break // a bomb
			}
		}
	})
}

// FuzzParts divides files by tables of any content, whose own checksums are right: parts that cover the file, or damage.
func FuzzParts(f *testing.F) {
	data := pack(f, ".zst", bytes.Repeat([]byte("key\t{}\nbad"), 400))
	frames := data[16 : len(data)-24-17-36]
	f.Add(frames, []byte("\x90\x01\x00\x80"), data[len(data)-9-36:len(data)-9], int64(1))
	f.Add([]byte{}, []byte{}, data[len(data)-9-24:len(data)-9], int64(0))
	put := fuzzFile(f)
	f.Fuzz(func(t *testing.T, frames, lines, entries []byte, size int64) {
		table := append([]byte("mrlines1"), lines...)
		table = binary.LittleEndian.AppendUint32(table, crc32.Checksum(table, crc32.MakeTable(crc32.Castagnoli)))
		foot := binary.LittleEndian.AppendUint32(nil, uint32(len(entries)/12))
		content := slices.Concat([]byte("\x5a\x2a\x4d\x18\x08\x00\x00\x00mrframe1"), frames,
			skippable("\x5a\x2a\x4d\x18", table), skippable("\x5e\x2a\x4d\x18", slices.Concat(entries, foot, []byte("\x80\xb1\xea\x92\x8f"))))
		file := put(t, content)
		parts, err := file.Parts(size)
		if _, ok := errors.AsType[*storage.DamagedError](err); err != nil && !ok {
			t.Fatalf("%T: %v", err, err)
		}
		var end int64
		for _, p := range parts {
			if p != (storage.Part{}) && (p.Offset != end || p.Length <= 0) {
				t.Fatalf("part %+v behind byte %d", p, end)
			}
			end += p.Length
			items, counts, err := read(file, storage.ReadOptions{Part: p})
			if _, ok := errors.AsType[*storage.DamagedError](err); err != nil && !ok {
				t.Fatalf("%T: %v", err, err)
			}
			if err == nil && p != (storage.Part{}) && (counts.StoredBytes != p.Length || counts.Bytes != p.Bytes || counts.Lines != int64(len(items))) {
				t.Fatalf("part %+v: %+v", p, counts)
			}
		}
		if err == nil && parts[0] != (storage.Part{}) && end != file.Size {
			t.Fatalf("parts of %d bytes, the file has %d", end, file.Size)
		}
	})
}

func skippable(magic string, content []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(content))), content...)
}

// FuzzReplace lists a directory in which a change was begun, whatever it says: some of the files that are there, or an error.
func FuzzReplace(f *testing.F) {
	f.Add([]byte(`{"dir":"main/Firefox/nightly/28.0","replacements":[{"from":".ingest/compact/3","to":"1.3.log","old":["1.1.log","1.2.log"]}]}`))
	f.Add([]byte(`{"dir":"..","replacements":[{"from":"/etc/passwd","to":"1.1.log","old":["1.2.log","gone"]},{"to":"gone","old":["1.3.log"]}]}`))
	f.Add([]byte(`{"replacements":[{"to":"../x","old":null}]}`))
	dir := f.TempDir()
	const sub = "main/Firefox/nightly/28.0"
	for _, name := range []string{"1.1.log", "1.2.log", "1.3.log"} {
		writeAt(f, dir, sub+"/"+name)
	}
	tree, err := storage.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { tree.Close() })
	f.Fuzz(func(t *testing.T, marker []byte) {
		if err := os.WriteFile(filepath.Join(dir, sub, ".replace.json"), marker, 0o666); err != nil {
			t.Fatal(err)
		}
		last := ""
		for file, err := range tree.Files(nil) {
			if err != nil {
				break
			}
			name := filepath.Base(file.Path)
			if filepath.Dir(file.Path) != sub || name <= last || name > "1.3.log" {
				t.Fatalf("%s behind %q", file.Path, last)
			}
			last = name
		}
	})
}
